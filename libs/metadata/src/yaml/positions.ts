import { isAlias, isMap, isPair, isScalar, isSeq } from 'yaml';
import type { Document, LineCounter, Pair, Scalar } from 'yaml';
import type { Problem } from '../problem.ts';

/*
 * From a place in the parsed data to line and column of the file.
 */

export type Location = NonNullable<Problem['location']>;
type Step = string | number;

/** A YAML document, with what is needed to point into it. */
export interface Origin {
  readonly file: string;
  readonly text: string;
  readonly lines: LineCounter;
  readonly document: Document.Parsed;
}

export const locationAt = (origin: Pick<Origin, 'file' | 'lines'>, offset: number): Location => {
  const { line, col } = origin.lines.linePos(offset);
  return { file: origin.file, line: Math.max(1, line), column: Math.max(1, col) };
};

const resolved = (node: unknown, document: Document.Parsed): unknown => (isAlias(node) ? node.resolve(document) : node);

/** The node that a step leads to, and the node of its key in a mapping. */
interface Stop {
  readonly node: unknown;
  readonly key: unknown;
}

const pairFor = (items: readonly Pair[], name: string): Pair | undefined =>
  items.find((pair) => isPair(pair) && String(isScalar(pair.key) ? pair.key.value : pair.key) === name);

const follow = (stop: Stop, step: Step, document: Document.Parsed): Stop | null => {
  const node = resolved(stop.node, document);
  if (isMap(node)) {
    const pair = pairFor(node.items, String(step));
    return pair === undefined ? null : { node: pair.value ?? pair.key, key: pair.key };
  }
  if (!isSeq(node) || typeof step !== 'number') return null;
  const item = node.items[step];
  return item === undefined ? null : { node: item, key: item };
};

const rangeStart = (node: unknown): number | null => {
  const range = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range : null;
  return range?.[0] ?? null;
};

/**
 * Where the character `offset` of a scalar's value stands in the file. The value is walked along its source, whatever the style: characters
 * of the source that are not in the value (quotes, escapes, indentation, folded lines) are passed over.
 */
const offsetInScalar = (scalar: Scalar, { text, offset }: { readonly text: string; readonly offset: number }): number => {
  const [start = 0, end = 0] = scalar.range ?? [];
  const value = String(scalar.value);
  let source = start;
  // A block's header (`|`, `>-`) is a line of its own.
  if (scalar.type === 'BLOCK_LITERAL' || scalar.type === 'BLOCK_FOLDED') source = text.indexOf('\n', start) + 1;
  else if (scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE') source += 1;
  const same = (character: string | undefined, wanted: string | undefined): boolean =>
    character === wanted || (character === '\n' && wanted === ' ');
  for (let index = 0; index <= offset && source < end; index += 1) {
    while (source < end && !same(text[source], value[index])) {
      if (index >= value.length) return source;
      source += 1;
    }
    if (index < offset) source += 1;
  }
  return Math.min(source, Math.max(start, end));
};

/** The location of a problem; that of the nearest thing above it when the place itself is not written down. */
export const locate = (origin: Origin, steps: readonly Step[], { target, offset }: Pick<Problem, 'target' | 'offset'>): Location => {
  let stop: Stop = { node: origin.document.contents, key: null };
  let missed = false;
  for (const step of steps) {
    const next = follow(stop, step, origin.document);
    if (next === null) {
      missed = true;
      break;
    }
    stop = next;
  }
  if (!missed && target !== 'key' && offset !== undefined && isScalar(stop.node) && typeof stop.node.value === 'string') {
    return locationAt(origin, offsetInScalar(stop.node, { text: origin.text, offset }));
  }
  return locationAt(origin, rangeStart(target === 'key' && !missed ? stop.key : stop.node) ?? rangeStart(stop.key) ?? 0);
};
