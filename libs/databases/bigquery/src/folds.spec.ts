import { Failure, type FlatFold, type FlatTable } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import type { BigQueryClient } from './client.ts';
import { rowFolds } from './folds.ts';

const root: FlatTable = { id: 1, source: 1, path: '', name: 'orders', parent: null, columns: [] };
const schema = { version: 1, tables: [root] };
const row = { kind: 'literal', value: true, of: 'boolean' } as const;
const asks = (...kinds: readonly FlatFold['aggregates'][number]['asks'][]): FlatFold => ({
  inputs: [
    {
      source: 1,
      tables: [{ table: root, joined: null }],
      root: 0,
      filter: null,
      time: null,
      key: [row],
      amounts: kinds.map(() => row),
      empty: [],
    },
  ],
  windowMs: 1000,
  aggregates: kinds.map((kind) => ({ asks: kind, max: 3, takes: ['boolean'] })),
});
const ranges = [{ source: 1, partition: 0, from: 0, to: 9 }];
const entry = (time: number, value: string): string =>
  `${String(9_000_000_000_000_000 + time).padStart(17, '0')}${'2'.padStart(10, '0')}${'3'.padStart(10, '0')}${'4'.padStart(16, '0')}${'5'.padStart(10, '0')}${value}`;
const array = (...items: readonly string[]): string => JSON.stringify(items.map((v) => ({ v })));

const answering = (rows: readonly (readonly (string | null)[])[], fail?: Failure) => {
  const asked: string[] = [];
  const client = {
    dataset: 'dsf',
    estimate: async () => 4096,
    async each(sql: string, { beat, page }: Parameters<BigQueryClient['each']>[1]) {
      asked.push(sql);
      beat();
      if (fail !== undefined) throw fail;
      for (const one of rows) page([one]);
      return 2048;
    },
  } as unknown as BigQueryClient;
  return { folds: rowFolds(client, async () => undefined), asked };
};
const watch = { keeps: () => true, beat: () => undefined };

describe('the answer of a fold', () => {
  it('is read into key, window and what each aggregate came to', async () => {
    const cells = [
      'sRom',
      '-1000',
      '0',
      '7',
      '3',
      '12.500',
      '4',
      null,
      'n1',
      array(entry(-5, 'sx'), '~'),
      '1',
      entry(8, 'btrue'),
      '9',
      array('~', 'n2', 'sn'),
    ];
    const { folds } = answering([cells]);
    const answer = await folds.run(
      schema,
      asks('count', 'count_true', 'sum', 'least', 'greatest', 'earliest', 'latest', 'set'),
      ranges,
      watch,
    );
    const at = { source: 2, partition: 3, offset: 4, row: 5 };
    expect(answer).toEqual({
      unfit: 0,
      scannedBytes: 2048,
      groups: [
        {
          key: ['Rom'],
          window: -1000,
          amounts: [
            { kind: 'number', sum: null, count: '7' },
            { kind: 'number', sum: null, count: '3' },
            { kind: 'number', sum: { n: '12.5' }, count: '4' },
            { kind: 'value', value: null },
            { kind: 'value', value: { n: '1' } },
            { kind: 'entries', entries: [{ at: { ...at, time: -5 }, amount: 'x' }], count: '1' },
            { kind: 'entries', entries: [{ at: { ...at, time: 8 }, amount: true }], count: '9' },
            { kind: 'set', amounts: [{ n: '2' }, 'n'] },
          ],
        },
      ],
    });
  });

  it('leaves out groups that are not wanted, and counts rows that are not plain in all of them', async () => {
    const { folds } = answering([
      ['sRom', null, '0', '1'],
      ['sOslo', null, '0', '1'],
      [null, null, '5', '9'],
    ]);
    const answer = await folds.run(schema, asks('count'), ranges, { ...watch, keeps: ([city]) => city === 'Oslo' });
    expect(answer).toMatchObject({ groups: [{ key: ['Oslo'] }], unfit: 5 });
  });

  it('needs no statement where there are no rows to read', async () => {
    const { folds, asked } = answering([]);
    expect(await folds.run(schema, asks('count'), [], watch)).toEqual({ groups: [], unfit: 0, scannedBytes: 0 });
    expect(await folds.estimate(schema, asks('count'), [])).toBe(0);
    expect(await folds.estimate(schema, asks('count'), ranges)).toBe(4096);
    expect(asked).toEqual([]);
  });

  it.each(['warehouse.statement', 'warehouse.too-large', 'warehouse.timeout'])(
    'says of %s that the services have to do it',
    async (code) => {
      const { folds } = answering([], new Failure('retry', code, 'no'));
      await expect(folds.run(schema, asks('count'), ranges, watch)).rejects.toMatchObject({ kind: 'poison', code: 'warehouse.fold' });
    },
  );

  it('passes other failures on, and ends the wait when asked to', async () => {
    await expect(
      answering([], new Failure('retry', 'warehouse.away', 'no')).folds.run(schema, asks('count'), ranges, watch),
    ).rejects.toMatchObject({
      code: 'warehouse.away',
    });
    const stop = (): never => {
      throw new Failure('retry', 'service.stopping', 'stop');
    };
    await expect(answering([]).folds.run(schema, asks('count'), ranges, { ...watch, beat: stop })).rejects.toMatchObject({
      code: 'service.stopping',
    });
  });
});
