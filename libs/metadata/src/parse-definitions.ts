import type { At } from './catalog/report.ts';
import {
  connectionDefinition,
  definitionsSchema,
  driverDefinition,
  publicationDefinition,
  settings as settingsSchema,
  sourceDefinition,
} from './definitions.ts';
import type { Definitions } from './definitions.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Problem } from './problem.ts';
import { isPlain, parseDocuments } from './yaml/documents.ts';
import type { DefinitionsFile, Piece } from './yaml/documents.ts';
import { locate } from './yaml/positions.ts';
import type { Location } from './yaml/positions.ts';
import { checkSchema } from './yaml/schema-problems.ts';

export interface ParsedDefinitions {
  /** Null when any problem is an error. */
  readonly definitions: Definitions | null;
  /** With locations, in the order of the files. */
  readonly problems: readonly Problem[];
  /** Gives a problem that was found later, such as one of the catalog, its place in the files. */
  readonly withLocation: (problem: Problem) => Problem;
  /** The file that a definition stands in. */
  readonly fileOf: (section: Section, index: number) => string | null;
}

const sections = ['sources', 'drivers', 'publications', 'connections'] as const;
export type Section = (typeof sections)[number];

const schemas = {
  sources: sourceDefinition,
  drivers: driverDefinition,
  publications: publicationDefinition,
  connections: connectionDefinition,
} as const;

const place = ({ file, line, column }: Location): string => `${file}:${line}:${column}`;

/** Problems with the location filled in from the piece that they are about. */
const located = (piece: Piece, problem: Omit<Problem, 'severity' | 'location'>, steps: At): Problem => ({
  ...problem,
  severity: 'error',
  location: locate(piece.origin, [...piece.steps, ...steps], problem),
});

const topLevel = ['settings', ...sections];

interface Split {
  readonly lists: Readonly<Record<Section, readonly Piece[]>>;
  readonly settings: readonly Piece[];
  readonly problems: readonly Problem[];
}

/** Why a field of a file is not one of the sections, or not what a section must be; null when all is well. */
const fieldProblem = (piece: Piece, name: string, value: unknown): Problem | null => {
  if (!topLevel.includes(name)) {
    const message = `\`${name}\` is not a field of a file of definitions`;
    return located(
      piece,
      { code: 'definitions.unknown-field', message, hint: didYouMean(name, topLevel, 'field'), at: [name], target: 'key' },
      [name],
    );
  }
  if (name === 'settings' || value === null || Array.isArray(value)) return null;
  return located(
    piece,
    { code: 'definitions.wrong-type', message: `\`${name}\` must be a list`, hint: 'start each entry with `- name: …`', at: [name] },
    [name],
  );
};

/** Splits top-level mappings into the definitions that they hold. */
const splitPieces = (pieces: readonly Piece[]): Split => {
  const lists: Record<Section, Piece[]> = { sources: [], drivers: [], publications: [], connections: [] };
  const settings: Piece[] = [];
  const problems: Problem[] = [];
  for (const piece of pieces) {
    if (!isPlain(piece.value)) {
      const hint = `with any of ${topLevel.map((name) => `\`${name}\``).join(', ')}`;
      problems.push(located(piece, { code: 'definitions.wrong-type', message: 'a file of definitions holds a mapping', hint, at: [] }, []));
      continue;
    }
    for (const [name, value] of Object.entries(piece.value)) {
      const problem = fieldProblem(piece, name, value);
      if (problem !== null) problems.push(problem);
      const section = sections.find((candidate) => candidate === name);
      const steps = [...piece.steps, name];
      if (name === 'settings') settings.push({ ...piece, steps, value });
      else if (section !== undefined && Array.isArray(value))
        lists[section].push(...value.map((item: unknown, index) => ({ ...piece, steps: [...steps, index], value: item })));
    }
  }
  return { lists, settings, problems };
};

/** Where `__proto__` stands as a name: the schemas would leave it out in silence. An alias may lead back to where it stands. */
const lostNames = (value: unknown, at: At, above: readonly object[] = []): readonly At[] => {
  if (typeof value !== 'object' || value === null || above.includes(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const here = [...at, Array.isArray(value) ? Number(name) : name];
    return [...(name === '__proto__' ? [here] : []), ...lostNames(member, here, [...above, value])];
  });
};

const lostName = {
  code: 'definitions.bad-value',
  target: 'key',
  message: '`__proto__` cannot be a name in definitions',
  hint: 'for a member of that name use `*`, which stands for any member',
} as const;

const checkPieces = (
  section: Section,
  pieces: readonly Piece[],
): { readonly values: readonly unknown[]; readonly problems: readonly Problem[] } => {
  const values: unknown[] = [];
  const problems: Problem[] = [];
  const first = new Map<string, Piece>();
  for (const [index, piece] of pieces.entries()) {
    const checked = checkSchema<{ readonly name: string }>(schemas[section], piece.value, section.slice(0, -1));
    problems.push(...lostNames(piece.value, []).map((at) => located(piece, { ...lostName, at: [section, index, ...at] }, at)));
    if ('findings' in checked)
      problems.push(...checked.findings.map((finding) => located(piece, { ...finding, at: [section, index, ...finding.at] }, finding.at)));
    else values.push(checked.value);
    const name = isPlain(piece.value) && typeof piece.value['name'] === 'string' ? piece.value['name'] : null;
    const known = name === null ? undefined : first.get(name.toLowerCase());
    if (name !== null && known === undefined) first.set(name.toLowerCase(), piece);
    if (name === null || known === undefined) continue;
    const earlier = place(locate(known.origin, [...known.steps, 'name'], {}));
    problems.push(
      located(
        piece,
        {
          code: 'name.duplicate',
          message: `the ${section.slice(0, -1)} \`${name}\` is defined twice; the first is at ${earlier}`,
          hint: 'rename or remove one of the two; names are compared without case',
          at: [section, index, 'name'],
        },
        ['name'],
      ),
    );
  }
  return { values, problems };
};

const checkSettings = (pieces: readonly Piece[]): { readonly value: unknown; readonly problems: readonly Problem[] } => {
  const [piece, second] = pieces;
  if (piece === undefined) return { value: undefined, problems: [] };
  const problems: Problem[] = [];
  const checked = checkSchema(settingsSchema, piece.value ?? {}, 'settings mapping');
  if ('findings' in checked)
    problems.push(...checked.findings.map((finding) => located(piece, { ...finding, at: ['settings', ...finding.at] }, finding.at)));
  if (second !== undefined)
    problems.push(
      located(
        second,
        {
          code: 'definitions.settings-twice',
          message: `settings are given twice; first at ${place(locate(piece.origin, piece.steps, {}))}`,
          hint: 'keep them in one file',
          at: ['settings'],
        },
        [],
      ),
    );
  return { value: 'value' in checked ? checked.value : undefined, problems };
};

const byLocation = (a: Problem, b: Problem): number =>
  (a.location?.line ?? 0) - (b.location?.line ?? 0) || (a.location?.column ?? 0) - (b.location?.column ?? 0);

/** Problems of each file together, from its top to its bottom; the files in their given order. */
const inOrder = (problems: readonly Problem[], files: readonly DefinitionsFile[]): readonly Problem[] =>
  files.flatMap(({ name }) => problems.filter((problem) => problem.location?.file === name).toSorted(byLocation));

/**
 * Merges the definitions of several files. Each YAML document is a mapping with any of `settings`, `sources`, `drivers`, `publications`,
 * `connections`, or a list of such mappings. Checks form and names; `buildCatalog` checks the meaning, and `withLocation` places what it finds.
 */
export const parseDefinitions = (files: readonly DefinitionsFile[]): ParsedDefinitions => {
  const parsed = files.map(parseDocuments);
  const split = splitPieces(parsed.flatMap(({ pieces }) => pieces));
  const settings = checkSettings(split.settings);
  const checked = sections.map((section) => checkPieces(section, split.lists[section]));
  const problems = inOrder(
    [...parsed.flatMap((file) => file.problems), ...split.problems, ...settings.problems, ...checked.flatMap((list) => list.problems)],
    files,
  );
  const [sources, drivers, publications, connections] = checked.map(({ values }) => values);
  const result =
    problems.length > 0 ? null : definitionsSchema.parse({ settings: settings.value, sources, drivers, publications, connections });
  const pieceAt = (at: At): { readonly piece: Piece; readonly steps: At } | null => {
    const [section, index, ...steps] = at;
    const list = sections.find((candidate) => candidate === section);
    if (section === 'settings') return split.settings[0] === undefined ? null : { piece: split.settings[0], steps: at.slice(1) };
    const piece = list === undefined || typeof index !== 'number' ? undefined : split.lists[list][index];
    return piece === undefined ? null : { piece, steps };
  };
  return {
    definitions: result,
    problems,
    withLocation: (problem) => {
      const found = problem.location === undefined ? pieceAt(problem.at) : null;
      return found === null
        ? problem
        : { ...problem, location: locate(found.piece.origin, [...found.piece.steps, ...found.steps], problem) };
    },
    fileOf: (section, index) => split.lists[section][index]?.origin.file ?? null,
  };
};
