import { Failure, type OutgoingMessage } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { pointsHop, rawHop, type Hop, type OutgoingRange } from './hops.ts';
import { sendRanges } from './outbox.ts';
import { fakeContext, fakeTransport } from './specs/fake-context.ts';
import { fakeWarehouse } from './specs/fake-warehouse.ts';

const noLimits = { nameLengthMax: 128, columnsMax: 100, decimal: { precision: 38, scale: 12 } };

/** Items are their own sizes. A range whose frame has 2 bytes, and whose body adds `bodyBytes`. */
const range = (lane: number, bodyBytes: number): OutgoingRange<number> => ({
  lane,
  range: { source: 1, partition: 0, from: 0, to: 1, version: 1, time: null, idle: false, items: [bodyBytes] },
});
const hop = (topic: string): Hop<number> => ({
  topic,
  hasRows: false,
  encode: ({ items }) => new Uint8Array(2 + (items?.[0] ?? 0)),
  decode: (): never => rawHop.decode(null) as never,
});

describe('sending ranges', () => {
  it('names the lane of each as its partition', async () => {
    const internal = fakeTransport();
    const bytes = await sendRanges({ ...fakeContext({ internal }), lane: '' }, hop('dsf.points'), [range(3, 5), range(0, 1)]);
    expect(internal.sent.map(({ topic, partition, body }) => [topic, partition, body?.byteLength])).toEqual([
      ['dsf.points', 3, 7],
      ['dsf.points', 0, 3],
    ]);
    expect(bytes).toBe(10);
  });

  it('leaves out a body that the transport would not take, so that the receiver reads the rows', async () => {
    const internal = fakeTransport({ messageBytesMax: 10 });
    await sendRanges({ ...fakeContext({ internal }), lane: '' }, hop('dsf.raw'), [range(0, 8), range(0, 9)]);
    expect(internal.sent.map(({ body }) => body?.byteLength)).toEqual([10, 2]);
  });

  it('leaves out the items that the receiver has at hand as rows, and says so, but not that there are none', async () => {
    const warehouse = fakeWarehouse([], { capabilities: { ...noLimits, rowsAtHand: true } });
    const internal = fakeTransport();
    const frame = { source: 1, partition: 0, from: 0, to: 1, version: 1, time: null, idle: false };
    const record = { ...frame, offset: 0, time: 0, timeType: 'create', ingestedAt: 0, key: null, headers: [], payload: null } as const;
    const sent = async (range: Parameters<typeof rawHop.encode>[0]): Promise<unknown> => {
      await sendRanges({ ...fakeContext({ internal, warehouse }), lane: '' }, rawHop, [{ lane: 0, range }]);
      return rawHop.decode(internal.sent.at(-1)?.body ?? null);
    };
    expect(await sent({ ...frame, items: [record] })).toEqual({ ...frame, inRows: true });
    expect(await sent({ ...frame, items: [] })).toEqual({ ...frame, items: [] });
    expect(await sent(frame)).toEqual(frame);
    const points = { ...frame, items: [] };
    await sendRanges({ ...fakeContext({ internal, warehouse }), lane: '' }, pointsHop, [{ lane: 0, range: points }]);
    expect(pointsHop.decode(internal.sent.at(-1)?.body ?? null)).toEqual(points);
  });

  it('does not disturb the transport when there is nothing to say', async () => {
    const internal = fakeTransport({ send: () => Promise.reject(new Error('disturbed')) });
    expect(await sendRanges({ ...fakeContext({ internal }), lane: '' }, hop('dsf.raw'), [])).toBe(0);
  });

  it('tries the same messages again until the transport has them', async () => {
    const tries: (readonly OutgoingMessage[])[] = [];
    const internal = fakeTransport({
      send: async (_, messages) => {
        tries.push(messages);
        if (tries.length < 3) throw new Failure('retry', 'transport.busy', 'away');
      },
    });
    await sendRanges({ ...fakeContext({ internal }), lane: '' }, hop('dsf.raw'), [range(0, 1)]);
    expect(tries).toHaveLength(3);
    expect(tries[2]).toBe(tries[0]);
  });

  it('says so when the service gave up before they were sent: the batch is not to be acknowledged', async () => {
    const giveUp = new AbortController();
    const internal = fakeTransport({
      send: async () => {
        giveUp.abort();
        throw new Failure('retry', 'transport.busy', 'away');
      },
    });
    const sending = sendRanges({ ...fakeContext({ internal, giveUp: giveUp.signal }), lane: '' }, hop('dsf.raw'), [range(0, 1)]);
    await expect(sending).rejects.toMatchObject({ kind: 'retry', code: 'service.stopping' });
  });
});
