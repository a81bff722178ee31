import { describe, expect, it } from 'vitest';
import { createAppender, requestBytesMax, type OpenStream } from './appender.ts';
import type { PhysicalColumn } from './dialect.ts';

const columns: readonly PhysicalColumn[] = [{ name: 'text', type: 'STRING', about: '' }];
const wider: readonly PhysicalColumn[] = [...columns, { name: 'more', type: 'INT64', about: '' }];

/** A table's stream as the service describes it: it fails where it is told to, with a code of gRPC. An emulator does none of this. */
const service = (codes: (number | null)[] = []) => {
  const opened: string[] = [];
  const closed: string[] = [];
  const requests: (readonly Uint8Array[])[] = [];
  const open: OpenStream = async (table, own) => {
    opened.push(`${table} ${own.length}`);
    return {
      async append(rows) {
        requests.push(rows);
        const code = codes.shift() ?? null;
        if (code !== null) throw Object.assign(new Error(`code ${code}`), { code });
      },
      close: () => void closed.push(table),
    };
  };
  return { opened, closed, requests, open };
};

const one = { table: 't', columns, rows: [['a']] };

describe('appends to BigQuery (a fake with the rules of the service: the emulator knows neither offsets nor quotas)', () => {
  it('keep one connection per table as long as its columns stay', async () => {
    const { opened, closed, open } = service();
    const appender = createAppender(open);
    await appender.append(one);
    await appender.append(one);
    await appender.append({ table: 'u', columns, rows: [['b']] });
    expect(opened).toEqual(['t 1', 'u 1']);
    await appender.append({ table: 't', columns: wider, rows: [['a', 1]] });
    expect([opened.at(-1), closed]).toEqual(['t 2', ['t']]);
    await appender.close();
  });

  it('are cut into requests that the service takes', async () => {
    const { requests, open } = service();
    const row = ['x'.repeat(3_000_000)];
    await createAppender(open).append({ table: 't', columns, rows: [row, row, row, row] });
    expect(requests.map((request) => request.length)).toEqual([2, 2]);
    for (const request of requests)
      expect(request.reduce((bytes, encoded) => bytes + encoded.byteLength, 0)).toBeLessThanOrEqual(requestBytesMax);
  });

  it('send nothing for no rows', async () => {
    const { opened, open } = service();
    await createAppender(open).append({ table: 't', columns, rows: [] });
    expect(opened).toEqual([]);
  });

  it('take ALREADY_EXISTS for what it is: the rows are there', async () => {
    const { open } = service([6]);
    await expect(createAppender(open).append(one)).resolves.toBeUndefined();
  });

  it.each([
    ['OUT_OF_RANGE: an append before this one is missing', 11, 'retry', 'warehouse.append-gap'],
    ['RESOURCE_EXHAUSTED: a quota', 8, 'retry', 'warehouse.quota'],
    ['UNAVAILABLE', 14, 'retry', 'warehouse.away'],
    ['DEADLINE_EXCEEDED: it may be there', 4, 'retry', 'warehouse.append-unknown'],
    ['ABORTED', 10, 'retry', 'warehouse.append-unknown'],
    ['INVALID_ARGUMENT: columns that the stream does not know yet', 3, 'retry', 'warehouse.schema-changed'],
    ['FAILED_PRECONDITION: the stream was finalized', 9, 'retry', 'warehouse.stream-lost'],
    ['NOT_FOUND', 5, 'retry', 'warehouse.table-missing'],
    ['PERMISSION_DENIED', 7, 'fatal', 'warehouse.permission'],
    ['UNAUTHENTICATED', 16, 'fatal', 'warehouse.permission'],
  ] as const)('say what is to be done about %s', async (_name, grpcCode, kind, code) => {
    const { opened, closed, open } = service([grpcCode]);
    const appender = createAppender(open);
    await expect(appender.append(one)).rejects.toMatchObject({ kind, code, facts: { table: 't' } });
    // The next one has a connection of its own.
    await appender.append(one);
    expect([opened, closed]).toEqual([['t 1', 't 1'], ['t']]);
  });
});
