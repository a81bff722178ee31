import { createRequire } from 'node:module';
import type { Writer as ProtoWriter } from 'protobufjs';
import { protoTypes, type Value } from './cells.ts';
import type { PhysicalColumn } from './dialect.ts';

// A CommonJS package; its reader and reflection are not needed.
const { Writer } = createRequire(import.meta.url)('protobufjs/minimal') as { readonly Writer: { create(): ProtoWriter } };

/*
 * Rows as protocol buffers: a column's number is its place. https://cloud.google.com/bigquery/docs/supported-data-types
 */

const wireTypes = { INT64: 0, TIMESTAMP: 0, DATE: 0, BOOL: 0, FLOAT64: 1, STRING: 2, BYTES: 2, BIGNUMERIC: 2 } as const;

/** protobufjs takes a 64-bit integer as its two halves. */
const int64 = (value: bigint | number): { readonly low: number; readonly high: number; readonly unsigned: false } => {
  const bits = BigInt.asUintN(64, BigInt(value));
  return { low: Number(BigInt.asIntN(32, bits)), high: Number(BigInt.asIntN(32, bits >> 32n)), unsigned: false };
};

const writeValue = (writer: ProtoWriter, column: PhysicalColumn, value: Exclude<Value, null>): void => {
  if (typeof value === 'boolean') writer.bool(value);
  else if (column.type === 'FLOAT64') writer.double(Number(value));
  else if (typeof value === 'bigint' || typeof value === 'number') writer.int64(int64(value));
  else if (typeof value === 'string') writer.string(value);
  else writer.bytes(value);
};

/** @param values - in the order of the columns; null stands for NULL */
export const encodeRow = (columns: readonly PhysicalColumn[], values: readonly Value[]): Uint8Array => {
  const writer = Writer.create();
  for (const [index, column] of columns.entries()) {
    const value = values[index] ?? null;
    if (value === null) continue;
    writer.uint32(((index + 1) << 3) | wireTypes[column.type]);
    writeValue(writer, column, value);
  }
  return writer.finish();
};

/** What tells BigQuery how to read the rows. */
export const descriptorOf = (columns: readonly PhysicalColumn[]) => ({
  name: 'Row',
  field: columns.map(({ name, type }, index) => ({ name, number: index + 1, label: 'LABEL_OPTIONAL' as const, type: protoTypes[type] })),
});
