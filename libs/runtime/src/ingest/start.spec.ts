import type { CatalogSource } from '@dsf/metadata';
import { Failure, type LaneState, type PartitionFeed, type Transport } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { openLane } from '../lane.ts';
import { fakeContext } from '../specs/fake-context.ts';
import { fakeWarehouse, positionAt } from '../specs/fake-warehouse.ts';
import { checkSource, resolveStart } from './start.ts';

const bounds = { start: 10, end: 100 };
const transport = {
  clusterId: async () => 'cluster',
  partitionCount: async () => 4,
  bounds: async () => bounds,
  offsetAt: async () => 55,
} as unknown as Transport;

/** Where a partition begins; `known` are the facts of lanes that began before it. */
const startOf = async (start: string, partition: number, known: readonly LaneState['facts'][] = []): Promise<number | undefined> => {
  const warehouse = fakeWarehouse(known.map((facts, lane) => [{ phase: 'ingest', source: 1, lane }, { facts }]));
  const source = { id: 1, topic: 'orders', retired: false, definition: { name: 'shop.orders', start } } as unknown as CatalogSource;
  const lane = openLane(warehouse, { phase: 'ingest', source: 1, lane: partition });
  await lane.refresh();
  await resolveStart(fakeContext({ phase: 'ingest', warehouse }), lane, { source, transport, partition });
  return lane.position({ source: 1, partition })?.next;
};

describe('where a source starts', () => {
  it.each([
    ['earliest', 10],
    ['latest', 100],
    ['2026-01-01T00:00:00Z', 55],
    ['0:33,2:44', 44],
    ['0:33', 10],
    ['2:10', 10],
    ['2:100', 100],
  ])('is, for %s, at offset %i of partition 2', async (start, offset) => {
    expect(await startOf(start, 2)).toBe(offset);
  });

  it.each(['2:9', '2:101'])('is never an offset that is not there: %s', async (start) => {
    await expect(startOf(start, 2)).rejects.toMatchObject({ kind: 'fatal', code: 'ingest.start-offset', facts: { partition: 2 } });
  });

  it('is, for a partition that was added later, its beginning: its first records are new', async () => {
    expect(await startOf('latest', 3, [{ partitions: 3 }])).toBe(10);
    expect(await startOf('latest', 3, [{}, { partitions: 3 }])).toBe(10);
    expect(await startOf('2026-01-01T00:00:00Z', 3, [{ partitions: 2 }])).toBe(10);
  });

  it('is its beginning also when only one of those before it began without it', async () => {
    expect(await startOf('latest', 3, [{ partitions: 4 }, { partitions: 3 }])).toBe(10);
  });

  it('is the end for partitions that were there when the source began, whoever of them is first', async () => {
    expect(await startOf('latest', 3, [{ partitions: 4 }])).toBe(100);
    expect(await startOf('latest', 3, [])).toBe(100);
  });
});

describe('a source that is checked before it is read on', () => {
  const check = async (read: PartitionFeed['read'], next = 14) => {
    const facts = { cluster: 'cluster', topic: 'orders', topicId: 'id', lastOffset: 13, lastSha256: '', lastTime: 0 };
    const warehouse = fakeWarehouse([
      [
        { phase: 'ingest', source: 1, lane: 0 },
        { positions: [positionAt(next)], facts },
      ],
    ]);
    const source = { id: 1, topic: 'orders', retired: false, definition: { name: 'shop.orders' } } as unknown as CatalogSource;
    const lane = openLane(warehouse, { phase: 'ingest', source: 1, lane: 0 });
    await lane.refresh();
    const feed = { seek: () => undefined, read } as unknown as PartitionFeed;
    const context = fakeContext({ phase: 'ingest', warehouse });
    await checkSource(context, lane, { source, transport: { ...transport, topicId: async () => 'id' }, partition: 0 }, feed);
    return { position: lane.position({ source: 1, partition: 0 }), writes: warehouse.writes, events: context.events };
  };
  const unread = (): Promise<never> => Promise.reject(new Error('nothing is to be read'));

  it('is not read on where the topic has the same id and ends before the position: offsets went back', async () => {
    await expect(check(unread, 101)).rejects.toMatchObject({
      kind: 'fatal',
      code: 'ingest.source-changed',
      message: expect.stringMatching(/partition 0: it ends at offset 100, 100 was read before\. .*new name/) as string,
    });
  });

  it('is read on at its end, where the next record is the first that is not there yet', async () => {
    const { position, writes } = await check(async () => [], 100);
    expect([position?.next, writes]).toEqual([100, []]);
  });

  it('is read on at its beginning where that lies behind the position, and what was lost is counted, stored and told', async () => {
    const { position, writes, events } = await check(unread, 7);
    expect(position).toMatchObject({ next: 10, counters: { absent: 3 } });
    const lost = { phase: 'ingest', code: 'ingest.lost-range', source: 1, partition: 0, offset: 7 };
    expect(writes.filter(([call]) => call === 'writeFailures')).toMatchObject([
      [
        'writeFailures',
        [{ ...lost, scope: 'lost-range', detail: 'offsets 7 to 9 (3) were removed from the source before they were read' }],
        1000,
      ],
    ]);
    expect(events).toMatchObject([{ ...lost, name: 'refused', count: 3 }]);
  });

  it('is read on where the record that it would be recognised by is removed at this very moment', async () => {
    await check(() => Promise.reject(new Failure('fatal', 'transport.out-of-range', 'offset 13 is not there', { start: 22 })));
  });

  it('is not where anything else is wrong, or the record is another one', async () => {
    await expect(check(() => Promise.reject(new Failure('fatal', 'transport.denied', 'no')))).rejects.toMatchObject({
      code: 'transport.denied',
    });
    const other = { offset: 13, time: 7, timeType: 'create', key: null, headers: [], body: null } as const;
    await expect(check(async () => [other])).rejects.toMatchObject({ kind: 'fatal', code: 'ingest.source-changed' });
  });
});
