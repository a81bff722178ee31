import type { BatchLimits, Clock, Delivery, PartitionFeed, Transport } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { createHandover, type Handover, type HandoverFeed } from './handover.ts';
import type { Hop, OutgoingRange } from './hops.ts';

const limits: BatchLimits = { recordsMax: 100, bytesMax: 1000, waitMs: 50 };
const never = new AbortController().signal;
const hop: Hop<never> = { topic: 'dsf.raw', hasRows: true, encode: () => new Uint8Array(), decode: () => range(0).range };

const range = (from: number, lane = 0): OutgoingRange<never> => ({
  lane,
  range: { source: 1, partition: 0, from, to: from + 1, version: 1, time: null, idle: false, items: [] },
});
const delivery = (offset: number): Delivery => ({ offset, time: 0, timeType: 'append', key: null, headers: [], body: null });

/** A clock whose sleepers wait until the test lets time pass. */
const handClock = () => {
  const sleepers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        sleepers.add(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
  return {
    clock,
    pass: () => {
      for (const wake of sleepers) wake();
    },
  };
};

/** A partition that holds what the test puts there; reads wait until something comes or they are told to stop. */
const fakeTopic = (...first: readonly Delivery[]) => {
  const log: Delivery[] = [...first];
  const acknowledged: number[] = [];
  const revoked = new AbortController();
  let next = 0;
  const feed: PartitionFeed = {
    partition: 0,
    revoked: revoked.signal,
    seek: (offset) => {
      next = offset;
    },
    acknowledge: async (offset) => void acknowledged.push(offset),
    async read({ waitMs }, signal) {
      const found = log.slice(next);
      if (found.length === 0 && waitMs > 0 && !signal.aborted)
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      const taken = log.slice(next);
      next = log.length;
      return taken;
    },
  };
  const transport = { bounds: async () => ({ start: 0, end: log.length }) } as unknown as Transport;
  return { log, feed, transport, acknowledged, revoke: () => revoked.abort() };
};

const told = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(({ offset, content }) => (content === undefined ? `topic ${offset}` : `hand ${(content as typeof rangeType).from}`));
const rangeType = range(0).range;

const lost = async (): Promise<void> => undefined;

/** A reader that is open for handing over. */
const opened = async (
  handover: Handover,
  topic = fakeTopic(),
  sendUnread: Parameters<Handover['read']>[3] = lost,
): Promise<{ readonly lane: HandoverFeed; readonly topic: typeof topic }> => {
  const lane = handover.read(topic.transport, hop.topic, topic.feed, sendUnread);
  const stop = new AbortController();
  const reading = lane.read(limits, stop.signal);
  await Promise.resolve();
  setImmediate(() => stop.abort());
  await reading;
  return { lane, topic };
};

const sendBy = (handover: Handover, clock = handClock().clock) => {
  const byTopic: number[] = [];
  const send = async (...ranges: readonly OutgoingRange<never>[]): Promise<void> =>
    handover.give(hop, ranges, async (left) => void byTopic.push(...left.map((one) => one.range.from)), {
      clock,
      signal: never,
      headers: [],
    });
  return { send, byTopic };
};

/** Sends ranges one by one, and writes down which go by the topic. */
const sendTo =
  (handover: Handover, went: number[], clock = handClock().clock) =>
  (from: number): Promise<void> =>
    handover.give(hop, [range(from)], async (left) => void went.push(...left.map((one) => one.range.from)), {
      clock,
      signal: never,
      headers: [],
    });

/** Takes a moment to send what was not read. */
const sendSlowlyTo =
  (went: number[], arrives: () => Promise<unknown> = () => new Promise(setImmediate)): Parameters<Handover['read']>[3] =>
  async (_hop, ranges) => {
    await arrives();
    went.push(...ranges.map((one) => one.range.from));
  };

describe('ranges that are handed over in the process', () => {
  it('reach a lane that is read here without touching the topic', async () => {
    const handover = createHandover();
    const { lane } = await opened(handover);
    const { send, byTopic } = sendBy(handover);
    await send(range(5), range(6));
    expect(told(await lane.read(limits, never))).toEqual(['hand 5', 'hand 6']);
    expect(byTopic).toEqual([]);
  });

  it('go by the topic to a lane that is read elsewhere', async () => {
    const handover = createHandover();
    await opened(handover);
    const { send, byTopic } = sendBy(handover);
    await send(range(5, 1));
    expect(byTopic).toEqual([5]);
  });

  it('wake a read that waits', async () => {
    const handover = createHandover();
    const { lane } = await opened(handover);
    const reading = lane.read(limits, never);
    await sendBy(handover).send(range(7));
    expect(told(await reading)).toEqual(['hand 7']);
  });

  it('come after all that the topic held when the lane was taken', async () => {
    const handover = createHandover();
    const topic = fakeTopic(delivery(0), delivery(1));
    const lane = handover.read(topic.transport, hop.topic, topic.feed, lost);
    const sending = sendBy(handover).send(range(2));
    expect(told(await lane.read(limits, never))).toEqual(['topic 0', 'topic 1']);
    await sending;
    expect(told(await lane.read(limits, never))).toEqual(['hand 2']);
  });

  it('wait for a send by the topic that was on its way before them', async () => {
    const handover = createHandover();
    const topic = fakeTopic();
    const arrives = Promise.withResolvers<void>();
    // Nobody reads yet, so this one goes by the topic.
    const first = handover.give(hop, [range(0)], () => arrives.promise, { clock: handClock().clock, signal: never, headers: [] });
    const lane = handover.read(topic.transport, hop.topic, topic.feed, lost);
    const second = sendBy(handover).send(range(1));
    const stop = new AbortController();
    const reading = lane.read(limits, stop.signal);
    topic.log.push(delivery(0));
    arrives.resolve();
    await first;
    stop.abort();
    expect(told(await reading)).toEqual(['topic 0']);
    const more = lane.read(limits, never);
    await second;
    expect(told(await more)).toEqual(['hand 1']);
  });

  it('do not overtake a send by the topic that began after the end of the topic was seen', async () => {
    const handover = createHandover();
    const topic = fakeTopic(delivery(0));
    const { clock, pass } = handClock();
    const arrives = Promise.withResolvers<void>();
    const sending: Promise<void>[] = [];
    const feed: PartitionFeed = {
      ...topic.feed,
      async read(most, signal) {
        // While the reader drains, a sender loses its patience.
        if (sending.length === 0) {
          sending.push(handover.give(hop, [range(1)], () => arrives.promise, { clock, signal: never, headers: [] }));
          pass();
          await new Promise(setImmediate);
        }
        return topic.feed.read(most, signal);
      },
    };
    const lane = handover.read(topic.transport, hop.topic, feed, lost);
    expect(told(await lane.read(limits, never))).toEqual(['topic 0']);
    const next = sendBy(handover).send(range(2));
    topic.log.push(delivery(1));
    arrives.resolve();
    await Promise.all(sending);
    expect(told(await lane.read(limits, never))).toEqual(['topic 1']);
    const last = lane.read(limits, never);
    await next;
    expect(told(await last)).toEqual(['hand 2']);
  });

  it('are acknowledged nowhere; what came by the topic is', async () => {
    const handover = createHandover();
    const { lane, topic } = await opened(handover);
    await sendBy(handover).send(range(0));
    await lane.read(limits, never);
    await lane.acknowledge(1);
    expect(topic.acknowledged).toEqual([]);
    topic.log.push(delivery(0));
    await lane.read(limits, never);
    await lane.acknowledge(1);
    expect(topic.acknowledged).toEqual([1]);
  });

  it('do not starve what other processes send by the topic', async () => {
    const handover = createHandover();
    const { lane, topic } = await opened(handover);
    const { send } = sendBy(handover);
    topic.log.push(delivery(0));
    const seen: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      await send(range(turn));
      seen.push(...told(await lane.read(limits, never)));
    }
    expect(seen).toContain('topic 0');
    expect(seen.filter((one) => one.startsWith('hand'))).toHaveLength(6);
  });

  it('are bounded: a sender waits for a reader that is behind, and in the end goes by the topic, behind what was not read', async () => {
    const handover = createHandover();
    const went: number[] = [];
    const topic = fakeTopic();
    const { lane } = await opened(handover, topic, sendSlowlyTo(went));
    const { clock, pass } = handClock();
    const send = sendTo(handover, went, clock);
    for (let from = 0; from < 8; from += 1) await send(from);
    const waiting = send(8);
    await Promise.resolve();
    expect(went).toEqual([]);
    pass();
    await waiting;
    expect(went).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    topic.log.push(...went.map(delivery));
    // No waiting any more, and nothing by hand before the topic has been read.
    await send(9);
    expect(went.at(-1)).toBe(9);
    expect(told(await lane.read(limits, never))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((from) => `topic ${from}`));
  });

  it('of another sender wait, too, until what was not read is in the topic', async () => {
    const handover = createHandover();
    const went: number[] = [];
    const arrives = Promise.withResolvers<void>();
    await opened(
      handover,
      fakeTopic(),
      sendSlowlyTo(went, () => arrives.promise),
    );
    const { clock, pass } = handClock();
    const send = sendTo(handover, went, clock);
    for (let from = 0; from < 8; from += 1) await send(from);
    const one = send(8);
    await Promise.resolve();
    pass();
    await new Promise(setImmediate);
    const other = send(9);
    await new Promise(setImmediate);
    expect(went).toEqual([]);
    arrives.resolve();
    await Promise.all([one, other]);
    expect(went.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(went.slice(8).toSorted((a, b) => a - b)).toEqual([8, 9]);
  });

  it('go on as soon as the reader has made room', async () => {
    const handover = createHandover();
    const { lane } = await opened(handover);
    const { send, byTopic } = sendBy(handover);
    for (let from = 0; from < 8; from += 1) await send(range(from));
    const waiting = send(range(8));
    expect(await lane.read(limits, never)).toHaveLength(8);
    await waiting;
    expect(byTopic).toEqual([]);
    expect(told(await lane.read(limits, never))).toEqual(['hand 8']);
  });

  it('go by the topic once the lane was taken away, behind what was not read', async () => {
    const handover = createHandover();
    const went: number[] = [];
    const { lane, topic } = await opened(handover, fakeTopic(), sendSlowlyTo(went));
    const send = sendTo(handover, went);
    await send(0);
    topic.revoke();
    await send(1);
    expect(went).toEqual([0, 1]);
    await lane.close();
    expect(went).toEqual([0, 1]);
  });

  it('are sent before the lane is left when nobody read them', async () => {
    const handover = createHandover();
    const went: number[] = [];
    const { lane } = await opened(handover, fakeTopic(), sendSlowlyTo(went));
    await sendBy(handover).send(range(0), range(1));
    await lane.close();
    expect(went).toEqual([0, 1]);
  });
});
