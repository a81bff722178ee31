import { isMap, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Document, YAMLError } from 'yaml';
import type { At } from '../catalog/report.ts';
import type { Problem } from '../problem.ts';
import { locationAt } from './positions.ts';
import type { Origin } from './positions.ts';

/*
 * From the text of a file to the data of its YAML documents.
 */

/** A file of definitions, read. */
export interface DefinitionsFile {
  readonly name: string;
  readonly text: string;
}

/** One piece of data and where it stands. */
export interface Piece {
  readonly origin: Origin;
  readonly steps: At;
  readonly value: unknown;
}

/** Aliases may be used, but not to blow a small file up. */
const aliasesMax = 100;

export const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const syntaxHints: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces; YAML does not allow tabs there',
  DUPLICATE_KEY: 'every field may stand once in a mapping; join the two or remove one',
  BAD_INDENT: 'entries of one mapping or list start in the same column; quotes and brackets must be closed',
  MULTILINE_IMPLICIT_KEY: 'put the text in quotes, or check the indentation',
  BLOCK_AS_IMPLICIT_KEY: 'put the text in quotes when it holds `: `, or start a new line',
};

const syntaxProblem = (origin: Pick<Origin, 'file' | 'lines'>, error: YAMLError): Problem => ({
  code: error.code === 'DUPLICATE_KEY' ? 'file.duplicate-key' : 'file.syntax',
  message: error.code === 'DUPLICATE_KEY' ? 'the same field stands here twice' : `not YAML: ${error.message}`,
  hint: syntaxHints[error.code] ?? 'check the indentation, and quotes and brackets that are not closed',
  at: [],
  location: locationAt(origin, error.pos[0]),
  severity: 'error',
});

/** Where the first alias stands that no anchor belongs to; the document's start when there is none. */
const brokenAlias = (document: Document.Parsed): number => {
  let found: number | null = null;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      found = alias.range?.[0] ?? null;
      return visit.BREAK;
    },
  });
  return found ?? document.range[0];
};

/** The document as data; a problem when it cannot be one. */
const dataOf = (origin: Origin): { readonly value: unknown } | { readonly problem: Problem } => {
  try {
    const value: unknown = origin.document.toJS({ maxAliasCount: aliasesMax });
    return { value };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown reason';
    return {
      problem: {
        code: 'file.aliases',
        message: `the aliases of this document cannot be resolved: ${message}`,
        hint: 'write out what the aliases stand for',
        at: [],
        location: locationAt(origin, brokenAlias(origin.document)),
        severity: 'error',
      },
    };
  }
};

export const parseDocuments = ({
  name,
  text,
}: DefinitionsFile): { readonly pieces: readonly Piece[]; readonly problems: readonly Problem[] } => {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error', merge: true, uniqueKeys: true });
  const pieces: Piece[] = [];
  const problems: Problem[] = [];
  const documents: readonly Document.Parsed[] = Array.isArray(parsed) ? parsed : [];
  for (const document of documents) {
    const origin: Origin = { file: name, text, lines, document };
    for (const error of document.errors) problems.push(syntaxProblem(origin, error));
    if (document.errors.length > 0 || document.contents === null) continue;
    const data = dataOf(origin);
    if ('problem' in data) problems.push(data.problem);
    else if (isSeq(document.contents) && Array.isArray(data.value))
      pieces.push(...data.value.map((value: unknown, index) => ({ origin, steps: [index], value })));
    else if (isMap(document.contents) || data.value !== null) pieces.push({ origin, steps: [], value: data.value });
  }
  if (pieces.length === 0 && problems.length === 0)
    problems.push({
      code: 'file.empty',
      message: 'the file defines nothing',
      hint: 'start with `sources:`',
      at: [],
      location: { file: name, line: 1, column: 1 },
      severity: 'error',
    });
  return { pieces, problems };
};
