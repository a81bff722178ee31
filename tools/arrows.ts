/**
 * Who may import whom: the arrows of the architecture, as one table. The lint rules (oxlint-rules.ts) hold each file to it, and
 * package-graph.spec.ts holds each package.json to it. A new phase, transport or database falls under a line that is already here.
 */
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path/posix';

/** What the code of one folder may reach for. Specs may also use `@dsf/testing`, Node.js and any package. */
export interface Room {
  /** From the root of the repository; a `*` stands for one folder name. */
  readonly folder: string;
  /** Packages of this repository, without `@dsf/`; a `*` at the end stands for any rest. */
  readonly workspace: readonly string[];
  /** The same for its specs alone, besides `@dsf/testing`. */
  readonly specs?: readonly string[];
  /** Packages of the registry; 'declared' means all that its package.json declares. */
  readonly registry: readonly string[] | 'declared';
  /** Modules of Node.js, without `node:`. */
  readonly node: readonly string[] | 'any';
  /** 'input': the clock, timers and randomness come in as arguments. 'ambient': the code may read them. */
  readonly time: 'input' | 'ambient';
  /** Files in `src/` that touch the outside for the room: they may use any module of Node.js, its clock and its timers. */
  readonly edges?: readonly string[];
}

const contracts = ['ports', 'metadata', 'messages'];
const service = ['wiring', 'runtime', 'config', ...contracts];

const pure = { registry: [], node: [], time: 'input' } as const;
const free = { registry: 'declared', node: 'any', time: 'ambient' } as const;

export const rooms: readonly Room[] = [
  { ...pure, folder: 'libs/messages', workspace: [] },
  {
    ...pure,
    folder: 'libs/metadata',
    workspace: ['messages'],
    registry: ['yaml', 'zod', '@marcbachmann/cel-js', 'big.js'],
    edges: ['load-files.ts', 'generate-docs.ts'],
  },
  { ...pure, folder: 'libs/ports', workspace: ['metadata', 'messages'] },
  { ...pure, folder: 'libs/phases/points', workspace: contracts, registry: ['big.js'] },
  { ...pure, folder: 'libs/phases/summarise', workspace: [...contracts, 'phase-points'], registry: ['big.js'] },
  { ...pure, folder: 'libs/phases/*', workspace: contracts, registry: ['big.js', 'lossless-json'] },
  { ...pure, folder: 'libs/runtime', workspace: contracts },
  { ...free, folder: 'libs/transports/*', workspace: [...contracts, 'config'] },
  { ...free, folder: 'libs/databases/*', workspace: [...contracts, 'config'] },
  { ...free, folder: 'libs/observability', workspace: ['ports'] },
  { ...free, folder: 'libs/config', workspace: [] },
  {
    ...free,
    time: 'input',
    folder: 'libs/wiring',
    workspace: [...contracts, 'runtime', 'config', 'observability', 'transport-*', 'database-*'],
    edges: ['system-clock.ts', 'service-context.ts'],
  },
  { ...free, folder: 'libs/testing', workspace: contracts },
  { ...free, folder: 'apps/ingestor', workspace: [...service, 'phase-ingest'] },
  { ...free, folder: 'apps/flattener', workspace: [...service, 'phase-flatten', 'phase-points'] },
  { ...free, folder: 'apps/summariser', workspace: [...service, 'phase-summarise', 'phase-points'] },
  { ...free, folder: 'apps/publisher', workspace: [...service, 'phase-publish'] },
  {
    ...free,
    folder: 'apps/dsf',
    workspace: [...service, 'observability', 'ingestor', 'flattener', 'summariser', 'publisher'],
    // Law F1 end to end: what stands in the tables is read back as messages. Topics of Kafka and Pub/Sub are made as their owners would make them.
    specs: ['phase-flatten', 'transport-kafka', 'transport-pubsub'],
  },
];

/** A file with the room it belongs to. */
export interface Place {
  readonly room: Room;
  /** The folder of its package, from the root. */
  readonly home: string;
  /** From the root. */
  readonly file: string;
  readonly isSpec: boolean;
  readonly isEdge: boolean;
}

const fits = (folder: string, home: string): boolean => {
  const wanted = folder.split('/');
  const parts = home.split('/');
  return wanted.length === parts.length && wanted.every((part, at) => part === '*' || part === parts[at]);
};

/** The room of a package folder such as `libs/phases/flatten`; the first line that fits counts. */
export const roomOf = (home: string): Room | undefined => rooms.find(({ folder }) => fits(folder, home));

/** @param file - from the root, with forward slashes; undefined for files of no room, such as `tools/` */
export const placeOf = (file: string): Place | undefined => {
  const parts = file.split('/');
  for (const depth of [2, 3]) {
    const home = parts.slice(0, depth).join('/');
    const room = roomOf(home);
    if (room === undefined) continue;
    const inSource = file.slice(`${home}/src/`.length);
    return { room, home, file, isSpec: file.endsWith('.spec.ts'), isEdge: room.edges?.includes(inSource) === true };
  }
  return undefined;
};

const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const isListed = (name: string, list: readonly string[]): boolean =>
  list.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry));

/** Whether code of the room, or of its specs, may depend on the workspace package `name`, such as `@dsf/ports`. */
export const mayDepend = (room: Room, name: string, isSpec: boolean): boolean => {
  const short = name.slice('@dsf/'.length);
  return isListed(short, room.workspace) || (isSpec && isListed(short, ['testing', ...(room.specs ?? [])]));
};

const forbiddenRelative = (place: Place, specifier: string): string | undefined => {
  const target = join(dirname(place.file), specifier);
  if (!target.startsWith(`${place.home}/`)) return `'${specifier}' leaves ${place.home}: import other packages by name.`;
  if (!place.isSpec && target.endsWith('.spec.ts')) return `'${specifier}' is a spec: only specs import specs.`;
  return undefined;
};

const forbiddenWorkspace = (place: Place, specifier: string): string | undefined => {
  const name = packageName(specifier);
  if (name !== specifier) return `'${specifier}' reaches into a package: import '${name}'.`;
  if (mayDepend(place.room, name, place.isSpec)) return undefined;
  if (name === '@dsf/testing') return `Only specs import '@dsf/testing'.`;
  const allowed = place.room.workspace.map((entry) => `@dsf/${entry}`).join(', ');
  return `${place.home} may not import '${name}'; its arrows lead to: ${allowed || 'nothing'}.`;
};

/** Why this file may not import this, in words for whoever wrote it; undefined if it may. */
export const forbiddenImport = (place: Place, specifier: string): string | undefined => {
  const { room, isSpec, isEdge, home } = place;
  if (specifier.startsWith('.')) return forbiddenRelative(place, specifier);
  if (specifier.startsWith('@dsf/')) return forbiddenWorkspace(place, specifier);
  if (isBuiltin(specifier)) {
    if (isSpec || isEdge || room.node === 'any' || room.node.includes(specifier.replace('node:', ''))) return undefined;
    return `${home} does no I/O: '${specifier}' belongs into an adapter${room.edges ? ` or into src/${room.edges.join(', src/')}` : ''}.`;
  }
  if (isSpec || room.registry === 'declared' || room.registry.includes(packageName(specifier))) return undefined;
  return `${home} may use these packages only: ${room.registry.join(', ') || 'none'}; not '${specifier}'.`;
};
