import type { DriverInstance } from '@dsf/metadata';
import { catalogBehind, type PointsPhase, type SummarisePhase } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { catalogOf, fakeCatalogs, fakeContext } from '../specs/fake-context.ts';
import { fakeWarehouse } from '../specs/fake-warehouse.ts';
import { createSummariseWork } from './work.ts';

const points: PointsPhase<null> = { compile: () => null, tables: () => [], apply: () => [], fold: () => ({ why: 'a fake' }) };
const summarise: SummarisePhase<null> = {
  ...{ compile: () => null, instances: () => [], groups: () => new Map(), retract: (row) => row, aggregates: () => [] },
  ...{ settle: () => [], apply: () => ({ changed: new Map(), refusals: [], written: 0, failed: 0 }) },
};
const driver: DriverInstance = { instance: 'sales@1', name: 'sales', inputs: [], key: ['city'], windowMs: null, measures: [] };

describe('a summarise lane', () => {
  it('asks for the newest version when one that it would have adopted is no longer in force, and adopts that the next time', async () => {
    const [older, newer] = [1, 2].map((version) => catalogOf(version, { settings: { lanes: 1 }, drivers: [driver] }));
    if (older === undefined || newer === undefined) throw new Error('unreachable');
    let known = older;
    const warehouse = fakeWarehouse([], {
      schema: async () => ({ version: 1, tables: [] }),
      ensureSummaryTables: async () => undefined,
      committed: { readRequests: async () => [], readLiveInstances: async () => [], readGroupsByRevision: async () => [] },
    });
    warehouse.beforeCommit = () => {
      if (known.version === 1) throw catalogBehind(1, 2);
    };
    const catalogs = {
      ...fakeCatalogs(),
      current: async () => known,
      newest: async () => (known = newer),
    };
    const context = fakeContext({ phase: 'summarise', warehouse, catalogs });
    const work = createSummariseWork(context, { points, summarise }, { lane: 0, lanes: 1 });
    await work.lane.refresh();
    await expect(work.chores()).rejects.toMatchObject({ kind: 'retry', code: 'catalog.behind' });
    await work.lane.refresh();
    await work.chores();
    expect(warehouse.writes).toContainEqual(['holdVersion', 2]);
  });
});
