import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathsOfSamples } from './catalog/known-paths.ts';
import type { KnownPaths, SourcePaths } from './catalog/known-paths.ts';
import { parseDefinitions } from './parse-definitions.ts';
import type { ParsedDefinitions } from './parse-definitions.ts';
import type { Problem } from './problem.ts';
import type { DefinitionsFile } from './yaml/documents.ts';

/*
 * The only file of this library that touches the file system.
 */

export interface LoadedDefinitions extends ParsedDefinitions {
  /** Text by file name, for excerpts in `formatProblem`. */
  readonly texts: ReadonlyMap<string, string>;
  /** What the sample files of the sources hold. */
  readonly knownPaths: KnownPaths;
}

const fileBytesMax = 10_000_000;
const filesMax = 1000;
/** Read from each sample file; the shape of messages shows long before. */
const samplesMax = 10_000;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  EISDIR: 'is a folder',
  ENOTDIR: 'leads through a file',
  ELOOP: 'is a link that leads back to itself',
};

const fileProblem = (file: string, problem: Pick<Problem, 'code' | 'message' | 'hint'>): Problem => ({
  ...problem,
  at: [],
  location: { file, line: 1, column: 1 },
  severity: 'error',
});

const unreadable = (file: string, error: unknown): Problem => {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
  return fileProblem(file, {
    code: 'file.unreadable',
    message: `the file cannot be read: it ${reasons[code] ?? `gives the error ${code}`}`,
    hint: code === 'ENOENT' ? 'check the name and the folder that you are in' : 'check its permissions',
  });
};

type Read = { readonly text: string } | { readonly problem: Problem };

const readText = async (file: string): Promise<Read> => {
  try {
    const { size } = await stat(file);
    if (size > fileBytesMax)
      return {
        problem: fileProblem(file, {
          code: 'file.too-large',
          message: `the file has ${size} bytes, at most ${fileBytesMax} are read`,
          hint: 'is this the right file?',
        }),
      };
    const bytes = await readFile(file);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (text.includes('\0'))
      return {
        problem: fileProblem(file, { code: 'file.not-text', message: 'the file is binary, not text', hint: 'is this the right file?' }),
      };
    return { text };
  } catch (error) {
    if (error instanceof TypeError)
      return {
        problem: fileProblem(file, {
          code: 'file.not-text',
          message: 'the file is not UTF-8 text',
          hint: 'save it as UTF-8; is this the right file?',
        }),
      };
    return { problem: unreadable(file, error) };
  }
};

/** YAML files of a folder and the folders in it, by name; a file stands for itself, whatever its ending. */
const filesBelow = async (path: string): Promise<readonly string[]> => {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && /\.ya?ml$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
};

const findFiles = async (path: string): Promise<{ readonly files: readonly string[]; readonly problems: readonly Problem[] }> => {
  try {
    const files = await filesBelow(path);
    if (files.length === 0)
      return {
        files,
        problems: [
          fileProblem(path, {
            code: 'file.folder-empty',
            message: 'the folder holds no YAML file',
            hint: 'definitions are files that end in .yaml or .yml',
          }),
        ],
      };
    if (files.length > filesMax)
      return {
        files: [],
        problems: [
          fileProblem(path, {
            code: 'file.too-many',
            message: `the folder holds ${files.length} YAML files, at most ${filesMax} are read`,
            hint: 'is this the right folder?',
          }),
        ],
      };
    return { files, problems: [] };
  } catch (error) {
    return { files: [], problems: [unreadable(path, error)] };
  }
};

type Samples = { readonly paths: SourcePaths } | { readonly problem: Problem };

/** The paths of a file of JSON lines. */
const readSamples = async (file: string): Promise<Samples> => {
  const read = await readText(file);
  if ('problem' in read) return read;
  const messages: unknown[] = [];
  for (const [index, line] of read.text.split('\n').slice(0, samplesMax).entries()) {
    if (line.trim() === '') continue;
    try {
      messages.push(JSON.parse(line));
    } catch {
      return {
        problem: {
          ...fileProblem(file, {
            code: 'sample.not-json',
            message: 'this line of the sample is not JSON',
            hint: 'a sample file holds one JSON message per line',
          }),
          location: { file, line: index + 1, column: 1 },
        },
      };
    }
  }
  return { paths: pathsOfSamples(messages) };
};

/** Sample files are named relative to the file of the definition. */
const loadSamples = async (
  parsed: ParsedDefinitions,
): Promise<{ readonly knownPaths: KnownPaths; readonly problems: readonly Problem[] }> => {
  const knownPaths = new Map<string, SourcePaths>();
  const problems: Problem[] = [];
  for (const [index, source] of (parsed.definitions?.sources ?? []).entries()) {
    if (source.sample === undefined) continue;
    const samples = await readSamples(resolve(dirname(parsed.fileOf('sources', index) ?? '.'), source.sample));
    if ('paths' in samples) knownPaths.set(source.name, samples.paths);
    else if (samples.problem.code === 'sample.not-json') problems.push(samples.problem);
    else {
      const { message, hint } = samples.problem;
      problems.push(
        parsed.withLocation({
          code: 'sample.unreadable',
          message: `the sample \`${source.sample}\` of \`${source.name}\` is of no use: ${message}`,
          hint: `${hint ?? ''}; it is looked for beside this file`,
          at: ['sources', index, 'sample'],
          severity: 'error',
        }),
      );
    }
  }
  return { knownPaths, problems };
};

/**
 * Reads files and folders (`*.yaml`, `*.yml`, folders with all that is in them) and merges what they define. Never throws for what it finds:
 * whatever is wrong with a file or in it is a problem with its place.
 */
export const loadDefinitions = async (paths: readonly string[]): Promise<LoadedDefinitions> => {
  const found = await Promise.all(paths.map(findFiles));
  const names = [...new Set(found.flatMap(({ files }) => files))];
  const files: DefinitionsFile[] = [];
  const problems = found.flatMap((each) => each.problems);
  for (const name of names) {
    const read = await readText(name);
    if ('text' in read) files.push({ name, text: read.text });
    else problems.push(read.problem);
  }
  const parsed = parseDefinitions(files);
  const samples = await loadSamples(parsed);
  const all = [...problems, ...parsed.problems, ...samples.problems];
  return {
    ...parsed,
    definitions: all.length > 0 ? null : parsed.definitions,
    problems: all,
    knownPaths: samples.knownPaths,
    texts: new Map(files.map(({ name, text }) => [name, text])),
  };
};
