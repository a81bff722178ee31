import { Buffer } from 'node:buffer';
import type { SQLOutputValue } from 'node:sqlite';
import { Failure } from '@dsf/ports';

/*
 * Reading values that DSF wrote itself. A value of another type means that somebody edited a state table by hand: stop and say so.
 */

const unexpected = (wanted: string, value: SQLOutputValue | undefined): Failure =>
  new Failure(
    'fatal',
    'warehouse.state-edited',
    `a state table holds ${value === null ? 'NULL' : typeof value} where ${wanted} belongs: undo what was edited by hand`,
  );

export const integer = (value: SQLOutputValue | undefined): number => {
  if (typeof value === 'number') return value;
  throw unexpected('an integer', value);
};

export const integerOrNull = (value: SQLOutputValue | undefined): number | null => (value === null ? null : integer(value));

export const bytesOrNull = (value: SQLOutputValue | undefined): Uint8Array | null => {
  if (value === null || value instanceof Uint8Array) return value;
  throw unexpected('bytes', value);
};

/**
 * Text for binding. SQLite's text is UTF-8, which has no form for a lone surrogate: node:sqlite would store U+FFFD in its place. Such
 * text is bound as a BLOB of UTF-16LE, so that it comes back unchanged and cannot be mistaken for another.
 */
export const toText = (value: string): string | Uint8Array => (value.isWellFormed() ? value : Buffer.from(value, 'utf16le'));

export const toTextOrNull = (value: string | null): string | Uint8Array | null => (value === null ? null : toText(value));

export const text = (value: SQLOutputValue | undefined): string => {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf16le');
  throw unexpected('text', value);
};

export const textOrNull = (value: SQLOutputValue | undefined): string | null => (value === null ? null : text(value));

/** One of a closed set of words. */
export const word = <const Word extends string>(words: readonly Word[], value: SQLOutputValue | undefined): Word => {
  const found = words.find((candidate) => candidate === value);
  if (found === undefined) throw unexpected(words.join(' or '), value);
  return found;
};

/** JSON that DSF wrote itself. */
export const json = <T>(value: SQLOutputValue | undefined): T => JSON.parse(text(value)) as T;
