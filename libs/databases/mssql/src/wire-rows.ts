import type { BulkColumn, BulkRow } from './connection.ts';
import type { DataType } from './tedious-types.ts';
import { cellWriter, makeRoom, newSink, type Sink } from './wire-cells.ts';

/*
 * Rows of a bulk load as bytes. The driver checks and wraps each cell by itself, which was a third of what flatten computes; so it is given many rows at
 * once, already written, as what it takes for the first cell of one row.
 */

/** So much goes to the driver at once. */
const chunkBytes = 32_768;

/** What stands before each row, the first of a chunk excepted, which has it from the driver: MS-TDS 2.2.7.21. */
const rowToken = 0xd1;

/** Rows in the order in which they are to be, as bytes. @param write - writes all cells of a row, in the order of the columns */
export const writtenRows = function* <Row>(rows: Iterable<Row>, write: (sink: Sink, row: Row) => void): Generator<Buffer> {
  let sink = newSink(chunkBytes * 2);
  for (const row of rows) {
    if (sink.at > 0) {
      makeRoom(sink, 1);
      sink.view.setUint8(sink.at, rowToken);
      sink.at += 1;
    }
    write(sink, row);
    if (sink.at < chunkBytes) continue;
    yield sink.bytes.subarray(0, sink.at);
    sink = newSink(chunkBytes * 2);
  }
  if (sink.at > 0) yield sink.bytes.subarray(0, sink.at);
};

/** How rows that are lists of values are written. */
export const listWriter = (columns: readonly BulkColumn[]): ((sink: Sink, row: BulkRow) => void) => {
  const writers = columns.map(cellWriter);
  return (sink, row) => {
    for (let index = 0; index < writers.length; index += 1) writers[index]?.(sink, row[index]);
  };
};

/** Each chunk as a row of the driver's. */
export const asDriverRows = function* (chunks: Iterable<Buffer>): Generator<readonly [Buffer]> {
  for (const chunk of chunks) yield [chunk];
};

type Written = Pick<DataType, 'validate' | 'writeValue'>;

const asGiven = <T>(value: T): T => value;
const carrier: Written = {
  validate: asGiven,
  writeValue: (buffer, { value }: { readonly value: unknown }) => buffer.writeBuffer(value as Buffer),
};
const silent: Written = { validate: asGiven, writeValue: () => undefined };

/** The types of the columns as the driver declares them, where the first one carries the chunk. */
export const carryingTypes = (columns: readonly BulkColumn[]): readonly DataType[] =>
  columns.map(({ type }, index) => ({ ...type, ...(index === 0 ? carrier : silent) }));
