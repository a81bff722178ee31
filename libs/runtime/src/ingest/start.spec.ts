import type { CatalogSource } from '@dsf/metadata';
import type { LaneState, Transport } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { openLane } from '../lane.ts';
import { fakeContext } from '../specs/fake-context.ts';
import { fakeWarehouse } from '../specs/fake-warehouse.ts';
import { resolveStart } from './start.ts';

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
