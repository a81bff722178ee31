import { TYPES } from 'tedious';
import type { DataType } from './tedious-types.ts';

/*
 * Statements with their parameters. A value never becomes part of the text of a statement; what does is marked as `raw` by whoever wrote it.
 */

/** A value with its type on the wire. */
export interface Bind {
  readonly kind: 'bind';
  readonly type: DataType;
  readonly value: unknown;
  readonly length?: number;
}

/** Text that becomes part of the statement: a quoted name or SQL of ours. */
export interface Raw {
  readonly kind: 'raw';
  readonly text: string;
}

export interface Statement {
  readonly text: string;
  readonly binds: readonly Bind[];
}

export const raw = (text: string): Raw => ({ kind: 'raw', text });

/** Integers go as bigint: SQL Server compares them with an int column without converting the column. */
export const integer = (value: number | bigint | null): Bind => ({ kind: 'bind', type: TYPES.BigInt, value });

/** A word of ours that is ASCII: phases, codes, kinds. */
export const word = (value: string | null): Bind => ({ kind: 'bind', type: TYPES.VarChar, value, length: 200 });

/** Longest nvarchar(n); beyond it `max`, which the driver spells Infinity. */
const textLengthMax = 4_000;

/** Any text. Two declared lengths alone, so that the server need not keep a plan per length. */
export const text = (value: string | null): Bind => ({
  kind: 'bind',
  type: TYPES.NVarChar,
  value,
  length: value !== null && value.length > textLengthMax ? Number.POSITIVE_INFINITY : textLengthMax,
});

/** Text of any length, for JSON. */
export const document = (value: string | null): Bind => ({
  kind: 'bind',
  type: TYPES.NVarChar,
  value,
  length: Number.POSITIVE_INFINITY,
});

export const bytes = (value: Uint8Array | null): Bind => ({
  kind: 'bind',
  type: TYPES.VarBinary,
  value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
  length: 64,
});

/** Bytes of any length. */
export const largeBytes = (value: Uint8Array): Bind => ({ ...bytes(value), length: Number.POSITIVE_INFINITY });

/** UTC ms as datetimeoffset(3). */
export const moment = (value: number | null): Bind => ({
  kind: 'bind',
  type: TYPES.DateTimeOffset,
  value: value === null ? null : new Date(value),
});

/** A statement; `raw` parts stand in its text, all others become parameters @p1, @p2, … in their order. */
export const sql = (strings: TemplateStringsArray, ...parts: readonly (Bind | Raw)[]): Statement => {
  const binds: Bind[] = [];
  let statement = strings[0] ?? '';
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'raw') statement += part.text;
    else {
      binds.push(part);
      statement += `@p${binds.length}`;
    }
    statement += strings[index + 1] ?? '';
  }
  return { text: statement, binds };
};
