import type { RawRecord } from '@dsf/messages';
import { Failure, type FlatSchema, type FlattenEffects, type FlattenPhase, type MissingPath, type Warehouse } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { catalogOf, fakeContext } from '../specs/fake-context.ts';
import { fakeWarehouse } from '../specs/fake-warehouse.ts';
import { createFlattener } from './flattener.ts';

const record = (offset: number): RawRecord => ({
  ...{ source: 1, partition: 0, offset, time: 0, timeType: 'create', ingestedAt: 0, key: null, headers: [], payload: null },
});

const lacking: MissingPath = { kind: 'table', source: 1, path: 'items', parentPath: '' };

/** A database whose schema is only a version, which each change raises. */
const schemas = (): Pick<Warehouse, 'schema' | 'evolve' | 'capabilities'> & { current: FlatSchema } => {
  const self = {
    capabilities: { nameLengthMax: 128, columnsMax: 100, decimal: { precision: 38, scale: 12 } },
    current: { version: 1, tables: [] } as FlatSchema,
    schema: async () => self.current,
    evolve: async (plan: (schema: FlatSchema) => readonly unknown[]) =>
      plan(self.current).length === 0 ? self.current : (self.current = { version: self.current.version + 1, tables: [] }),
  };
  return self;
};

/** A phase that says in `written` by which schema it decided, and whose record `offset` needs the schema of version `offset` at least. */
const phase: FlattenPhase<number> = {
  compile: (_, { version }) => version,
  apply: (version, records): FlattenEffects => ({
    missing: records.some(({ offset }) => offset > version) ? [lacking] : [],
    rows: { source: 1, partition: 0, tables: [] },
    refusals: [],
    written: version,
    filtered: 0,
  }),
  evolve: () => [{ kind: 'table', source: 1, path: 'items', parentPath: '', name: 'items' }],
};

describe('a flattener', () => {
  it('decides all batches of a transaction under one schema, also those decided before another one changed it', async () => {
    const flattener = createFlattener(fakeContext({ warehouse: fakeWarehouse([], schemas()) }), phase);
    const effects = await flattener.decide(catalogOf(1), [[record(1)], [record(3)], [record(2)]]);
    expect(effects.map(({ written }) => written)).toEqual([3, 3, 3]);
    expect((await flattener.schema()).version).toBe(3);
  });

  it('asks for the schema once, and again after it was told to forget it', async () => {
    const database = schemas();
    const flattener = createFlattener(fakeContext({ warehouse: fakeWarehouse([], database) }), phase);
    await flattener.decide(catalogOf(1), [[record(1)]]);
    database.current = { version: 7, tables: [] };
    expect((await flattener.decide(catalogOf(1), [[record(1)]]))[0]?.written).toBe(1);
    flattener.forget();
    expect((await flattener.decide(catalogOf(1), [[record(1)]]))[0]?.written).toBe(7);
  });

  it('gives up on a schema that never has what is missing', async () => {
    const flattener = createFlattener(fakeContext({ warehouse: fakeWarehouse([], schemas()) }), phase);
    const deciding = flattener.decide(catalogOf(1), [[record(1_000)]]);
    await expect(deciding).rejects.toSatisfy((error) => error instanceof Failure && error.code === 'flatten.schema-unstable');
  });
});
