import { Failure } from '@dsf/ports';
import type { Cell } from './connection.ts';

/*
 * Reading values that DSF wrote itself. A value of another type means that somebody edited a state table by hand: stop and say so.
 */

const unexpected = (wanted: string, value: Cell | undefined): Failure =>
  new Failure(
    'fatal',
    'warehouse.state-edited',
    `a state table holds ${value === null ? 'NULL' : typeof value} where ${wanted} belongs: undo what was edited by hand`,
  );

/** tedious gives a bigint as text, and int as a number. Offsets, seqs and counters are safe integers. */
export const integer = (value: Cell | undefined): number => {
  const number = typeof value === 'string' ? Number(value) : typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw unexpected('an integer', value);
};

export const integerOrNull = (value: Cell | undefined): number | null => (value === null ? null : integer(value));

export const truth = (value: Cell | undefined): boolean => {
  if (typeof value === 'boolean') return value;
  throw unexpected('a bit', value);
};

export const bytesOrNull = (value: Cell | undefined): Uint8Array | null => {
  if (value === null) return null;
  // A Buffer is a view on a larger pool; a Uint8Array of the same bytes equals those that were sent.
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw unexpected('bytes', value);
};

/** UTC ms of a datetimeoffset. */
export const moment = (value: Cell | undefined): number => {
  if (value instanceof Date) return value.getTime();
  throw unexpected('a moment', value);
};

export const text = (value: Cell | undefined): string => {
  if (typeof value === 'string') return value;
  throw unexpected('text', value);
};

export const textOrNull = (value: Cell | undefined): string | null => (value === null ? null : text(value));

/** One of a closed set of words. */
export const word = <const Word extends string>(words: readonly Word[], value: Cell | undefined): Word => {
  const found = words.find((candidate) => candidate === value);
  if (found === undefined) throw unexpected(words.join(' or '), value);
  return found;
};

/** JSON that DSF wrote itself. */
export const json = <T>(value: Cell | undefined): T => JSON.parse(text(value)) as T;
