import type { GroupRow, PartitionFeed, PublishPhase } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { catalogOf, fakeCatalogs, fakeContext, fakeTransport } from '../specs/fake-context.ts';
import { fakeWarehouse } from '../specs/fake-warehouse.ts';
import { publicationOf } from '../specs/publication-of.ts';
import { createPublishWork } from './work.ts';

const publication = publicationOf(1, 'revenue', { transactional: false });
const { instance } = publication.driver;
const feed: PartitionFeed = {
  ...{ partition: 0, revoked: new AbortController().signal, seek: () => undefined },
  ...{ read: async () => [], acknowledge: async () => undefined },
};
/** A document per change: its revision. */
const phase: PublishPhase<null> = {
  compile: () => null,
  apply: (_plan, _publication, changes) => ({
    messages: changes.map(({ revision }) => ({ partition: 0, key: null, headers: [], body: new TextEncoder().encode(String(revision)) })),
    ...{ filtered: 0, refusals: [] },
  }),
};
const group = (revision: number): GroupRow => ({
  ...{ instance, key: [], window: null, windowEnd: null, group: `g${revision}`, revision },
  ...{ reason: 'update', time: 0, version: 1, status: 'live', measures: [], states: [] },
});

/** A lane whose summariser stands at revision 7. @param live - instances whose groups are in force */
const setUp = (live: readonly string[]) => {
  const asked: unknown[] = [];
  // Nothing else is there to be called: a role that publishes makes and changes no table.
  const warehouse = fakeWarehouse([[{ phase: 'summarise', source: 0, lane: 0 }, { seq: 7 }]], {
    committed: {
      readLiveInstances: async () => live,
      readGroupsByRevision: async (...args) => {
        asked.push(args);
        return [group(3), group(7)];
      },
    },
  });
  const transport = { ...fakeTransport(), ensureTopic: async () => undefined };
  const catalogs = fakeCatalogs(catalogOf(1, { publications: [publication] }));
  const context = fakeContext({ phase: 'publish', warehouse, catalogs, transport: async () => transport });
  const work = createPublishWork(context, phase, 0);
  const documents = (): readonly string[] => transport.sent.map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array()));
  return { work, warehouse, documents, asked };
};

describe('a publish lane', () => {
  it('publishes what the state has when it is given the lane, once, reading groups and writing only how far it has come', async () => {
    const { work, warehouse, documents, asked } = setUp([instance]);
    await work.lane.refresh();
    await work.claimed(feed);
    expect(documents()).toEqual(['3', '7']);
    expect(asked).toEqual([[instance, 0, 0, 8, null, 5000]]);
    expect([...new Set(warehouse.writes.map(([call]) => call))].toSorted()).toEqual(['writeFacts', 'writePositions']);
    await work.chores();
    expect(documents()).toHaveLength(2);
  });

  it('publishes nothing of an instance that is not live, and stands behind what the summariser has done', async () => {
    const { work, warehouse, documents, asked } = setUp([]);
    await work.lane.refresh();
    await work.claimed(feed);
    expect([documents(), asked]).toEqual([[], []]);
    expect(warehouse.writes).toContainEqual(['writePositions', [expect.objectContaining({ source: 1, partition: 0, next: 8 })]]);
  });
});
