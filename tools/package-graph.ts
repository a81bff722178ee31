/** The packages of this repository with what they declare and what their code imports; read from the files, without a compiler. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';

export interface WorkspacePackage {
  readonly name: string;
  /** From the root. */
  readonly folder: string;
  /** Workspace packages in `dependencies`. */
  readonly dependencies: readonly string[];
  /** Workspace packages in `devDependencies`. */
  readonly devDependencies: readonly string[];
  /** Workspace packages that its code imports. */
  readonly imports: readonly string[];
  /** Workspace packages that its specs import. */
  readonly specImports: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

// `from '…'`, `import '…'` and `import('…')`; a name in a comment that reads so counts too, which does no harm.
const importPattern = /\b(?:from|import)\s*\(?\s*['"](@dsf\/[^/'"]+)/g;

/** The workspace packages that a text imports, each once. */
export const importsOf = (text: string): readonly string[] => [...new Set([...text.matchAll(importPattern)].map(([, name]) => name ?? ''))];

const ofWorkspace = (list: Readonly<Record<string, string>> = {}): readonly string[] =>
  Object.keys(list).filter((name) => name.startsWith('@dsf/'));

const readPackage = (root: string, manifestFile: string): WorkspacePackage => {
  const folder = dirname(manifestFile);
  const manifest = JSON.parse(readFileSync(join(root, manifestFile), 'utf8')) as Manifest;
  const files = globSync(`${folder}/src/**/*.ts`, { cwd: root });
  const importsIn = (chosen: readonly string[]): readonly string[] =>
    importsOf(chosen.map((file) => readFileSync(join(root, file), 'utf8')).join('\n'));
  return {
    name: manifest.name,
    folder,
    dependencies: ofWorkspace(manifest.dependencies),
    devDependencies: ofWorkspace(manifest.devDependencies),
    imports: importsIn(files.filter((file) => !file.endsWith('.spec.ts'))),
    specImports: importsIn(files.filter((file) => file.endsWith('.spec.ts'))),
  };
};

/** Where the packages are, as `workspaces` in the root's package.json says. */
export const packageFolders = ['apps/*', 'libs/*', 'libs/*/*'];

export const readPackages = (root: string): readonly WorkspacePackage[] =>
  globSync(
    packageFolders.map((folder) => `${folder}/package.json`),
    { cwd: root },
  )
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .map((file) => readPackage(root, file));
