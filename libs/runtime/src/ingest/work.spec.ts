import { decodeRawRange } from '@dsf/messages';
import type { CatalogSource } from '@dsf/metadata';
import type { Delivery, PartitionFeed, Transport } from '@dsf/ports';
import { createMemoryDatabase, openMemoryWarehouse } from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { fakeContext, fakeTransport } from '../specs/fake-context.ts';
import { fakeIngestPhase } from '../specs/fake-ingest-phase.ts';
import { createIngestWork } from './work.ts';

const source = {
  id: 1,
  topic: 'orders',
  retired: false,
  definition: { name: 'shop.orders', start: 'earliest' },
} as unknown as CatalogSource;
const deliveriesOf = (...offsets: readonly number[]): readonly Delivery[] =>
  offsets.map((offset) => ({ offset, time: 1, timeType: 'create', key: null, headers: [], body: new Uint8Array([offset]) }));

/** Takes batches, and says what became of them. @param fetched - as the feed has it; undefined where feeds do not say */
const ingest = async (end: number, fetched: number | null | undefined, batches: readonly (readonly Delivery[])[]) => {
  let asked = 0;
  const transport = {
    capabilities: { offsets: 'broker', messageBytesMax: 1e6 },
    clusterId: async () => 'cluster',
    partitionCount: async () => 1,
    bounds: async () => {
      asked += 1;
      return { start: 0, end };
    },
  } as unknown as Transport;
  const internal = fakeTransport();
  const context = fakeContext({ phase: 'ingest', warehouse: openMemoryWarehouse(createMemoryDatabase()), internal });
  const work = createIngestWork(context, fakeIngestPhase, { source, transport, partition: 0 });
  const feed: Partial<PartitionFeed> = { partition: 0, seek: () => undefined };
  await work.lane.refresh();
  await work.claimed((fetched === undefined ? feed : { ...feed, fetched: () => fetched }) as PartitionFeed);
  const askedBefore = asked;
  internal.sent.length = 0;
  for (const batch of batches) await work.handle(batch, () => ({ recordsMax: 3, refuse: null }));
  const ranges = internal.sent.map(({ body }) => decodeRawRange(body));
  return { asked: asked - askedBefore, ranges: ranges.map(({ from, to, idle }) => [from, to, idle]) };
};

describe('ingest of a batch', () => {
  it('takes records once, in transactions of at most so many, whatever comes again', async () => {
    const batches = [deliveriesOf(0, 1, 2, 3), deliveriesOf(2, 3, 4), deliveriesOf(0, 1), deliveriesOf(4, 7)];
    const { ranges } = await ingest(8, undefined, batches);
    expect(ranges.map(([from, to]) => [from, to])).toEqual([
      [0, 3],
      [3, 4],
      [4, 5],
      [5, 8],
    ]);
  });

  it('says that the source is at its end when nothing is behind it', async () => {
    expect((await ingest(2, undefined, [deliveriesOf(0), deliveriesOf(1)])).ranges).toEqual([
      [0, 1, false],
      [1, 2, true],
    ]);
  });

  it('asks for the end of the topic only where nothing more was fetched', async () => {
    const more = await ingest(2, 2, [deliveriesOf(0)]);
    expect(more).toEqual({ asked: 0, ranges: [[0, 1, false]] });
    expect(await ingest(2, 2, [deliveriesOf(0, 1)])).toEqual({ asked: 1, ranges: [[0, 2, true]] });
    // Fetched to its end, and more has come since.
    expect(await ingest(3, 2, [deliveriesOf(0, 1)])).toEqual({ asked: 1, ranges: [[0, 2, false]] });
    expect(await ingest(2, null, [deliveriesOf(0)])).toEqual({ asked: 1, ranges: [[0, 1, false]] });
  });
});
