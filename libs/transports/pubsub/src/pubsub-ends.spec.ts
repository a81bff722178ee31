import { setTimeout as delay } from 'node:timers/promises';
import { Failure, type Delivery, type OutgoingMessage, type PartitionFeed, type Transport } from '@dsf/ports';
import { realClock, startPubsubRules, type PubsubRules } from '@dsf/testing';
import { PubSub } from '@google-cloud/pubsub';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPubsubEnds, type PubsubEndsConfig } from './pubsub-ends.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const project = 'rules-project';
const forEver = new AbortController().signal;

const text = (bytes: Uint8Array | null | undefined): string => decoder.decode(bytes ?? new Uint8Array());
const message = (body: string, key: string | null = 'k'): OutgoingMessage => ({
  partition: 0,
  key: key === null ? null : encoder.encode(key),
  headers: [],
  body: encoder.encode(body),
});

// Google's emulators are laxer here: an acknowledgement is never refused, a seek into the past is not there, a publish never fails.
describe('sources and publications, against a fake with the documented rules of Pub/Sub', () => {
  let rules: PubsubRules;
  let remote: PubSub;
  let ends: Transport;
  const open: Transport[] = [];

  const openEnds = (more: Partial<PubsubEndsConfig> = {}): Transport => {
    const transport = openPubsubEnds({
      connection: { project, emulator: rules.address },
      clock: realClock,
      ...more,
    });
    open.push(transport);
    return transport;
  };
  /** Gives up soon; connected already, so that this is no part of the time. */
  const openImpatient = async (more: Partial<PubsubEndsConfig> = {}): Promise<Transport> => {
    const transport = openEnds({ requestTimeoutMs: 2000, ...more });
    await remote.createTopic('warm');
    await transport.send('warm', [message('w')]);
    return transport;
  };
  beforeEach(async () => {
    rules = await startPubsubRules();
    remote = new PubSub({ projectId: project, apiEndpoint: rules.address, emulatorMode: true });
    await remote.createTopic('orders');
    ends = openEnds();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((transport) => transport.close()));
    await remote.close();
    await rules.close();
  });

  /** One member of the subscription, with its one lane. */
  const join = async (transport: Transport = ends): Promise<{ readonly feed: PartitionFeed; readonly leave: () => Promise<void> }> => {
    const subscription = await transport.subscribe('reading', 'test', 1);
    const next = await subscription.feeds(forEver)[Symbol.asyncIterator]().next();
    if (next.done === true) throw new Error('no lane was given');
    return { feed: next.value, leave: () => subscription.close() };
  };
  const readUntil = async (feed: PartitionFeed, count: number): Promise<readonly Delivery[]> => {
    const all: Delivery[] = [];
    await expect
      .poll(
        async () => {
          all.push(...(await feed.read({ recordsMax: 100, bytesMax: 1e8, waitMs: 200 }, forEver)));
          return all.length;
        },
        { timeout: 15_000, interval: 1 },
      )
      .toBeGreaterThanOrEqual(count);
    return all;
  };
  const bodies = (deliveries: readonly Delivery[]): readonly string[] => deliveries.map(({ body }) => text(body));
  const acknowledge = (feed: PartitionFeed, deliveries: readonly Delivery[]): Promise<void> =>
    feed.acknowledge((deliveries.at(-1)?.offset ?? -1) + 1);

  it('give a message with its payload, attributes, ordering key, publish time and id', async () => {
    await remote.topic('orders').createSubscription('reading', { enableMessageOrdering: true });
    const before = Date.now();
    const id = await remote
      .topic('orders', { messageOrdering: true })
      .publishMessage({ data: Buffer.from('{"id":1}'), attributes: { kind: 'order', 'ce-id': '7' }, orderingKey: 'ada' });
    const { feed } = await join();
    const [delivery] = await readUntil(feed, 1);
    expect(delivery).toMatchObject({ id, timeType: 'append', offset: 0 });
    expect(text(delivery?.key)).toBe('ada');
    expect(text(delivery?.body)).toBe('{"id":1}');
    expect(delivery?.headers.map(([name, value]) => [name, text(value)])).toEqual([
      ['ce-id', '7'],
      ['kind', 'order'],
    ]);
    expect(delivery?.time).toBeGreaterThanOrEqual(before);
    expect(delivery?.time).toBeLessThanOrEqual(Date.now());
  });

  it('take a refused acknowledgement of an exactly-once subscription for no loss: the message comes again under its id, and is then acknowledged', async () => {
    await remote.topic('orders').createSubscription('reading', { enableMessageOrdering: true, enableExactlyOnceDelivery: true });
    await ends.send(
      'orders',
      ['a', 'b', 'c'].map((body) => message(body)),
    );
    const { feed } = await join();
    const first = await readUntil(feed, 3);
    // The deadlines end while the rows are being committed; what is acknowledged then has ids that are not valid any more.
    rules.expire('reading');
    await acknowledge(feed, first);
    const again = await readUntil(feed, 3);
    expect(again.map(({ id }) => id)).toEqual(first.map(({ id }) => id));
    expect(bodies(again)).toEqual(['a', 'b', 'c']);
    await acknowledge(feed, again);
    await expect.poll(() => rules.outstanding('reading')).toBe(0);
    rules.expire('reading');
    expect(await feed.read({ recordsMax: 10, bytesMax: 1e6, waitMs: 300 }, forEver)).toEqual([]);
  });

  it('give what a seek into the past brings again, acknowledged or not, under the same ids', async () => {
    await remote.topic('orders').createSubscription('reading', { enableMessageOrdering: true, retainAckedMessages: true });
    await ends.send(
      'orders',
      ['a', 'b'].map((body) => message(body)),
    );
    const { feed } = await join();
    const first = await readUntil(feed, 2);
    await acknowledge(feed, first);
    await remote.subscription('reading').seek(new Date(Date.now() - 60_000));
    const again = await readUntil(feed, 2);
    expect(again.map(({ id }) => id)).toEqual(first.map(({ id }) => id));
    await acknowledge(feed, again);
  });

  it('give nothing of what a seek to now has passed', async () => {
    await remote.topic('orders').createSubscription('reading', { enableMessageOrdering: true });
    await ends.send('orders', [message('old')]);
    // The library sends no more than whole seconds.
    await delay(1001 - (Date.now() % 1000));
    await remote.subscription('reading').seek(new Date());
    await ends.send('orders', [message('new')]);
    const { feed } = await join();
    expect(bodies(await readUntil(feed, 1))).toEqual(['new']);
  });

  it('leave a message to the dead-letter policy when it came five times and was never acknowledged, and go on', async () => {
    await remote.createTopic('dead');
    const deadLetterTopic = remote.topic('dead').name;
    await remote.topic('orders').createSubscription('reading', { deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 5 } });
    await ends.send('orders', [message('poison', null)]);
    for (let times = 1; times <= 5; times += 1) {
      const { feed, leave } = await join(openEnds());
      expect(bodies(await readUntil(feed, 1))).toEqual(['poison']);
      await leave();
    }
    await expect.poll(() => rules.published('dead')).toEqual(['poison']);
    await ends.send('orders', [message('next', null)]);
    const { feed } = await join();
    const next = await readUntil(feed, 1);
    expect(bodies(next)).toEqual(['next']);
    await acknowledge(feed, next);
  });

  it('give what a member had and did not acknowledge when it left to another, in the order of its key', async () => {
    await remote.topic('orders').createSubscription('reading', { enableMessageOrdering: true });
    await ends.send(
      'orders',
      ['a', 'b', 'c'].map((body) => message(body)),
    );
    const slow = await join();
    expect(bodies(await readUntil(slow.feed, 3))).toEqual(['a', 'b', 'c']);
    await slow.leave();
    const other = await join(openEnds());
    expect(bodies(await readUntil(other.feed, 3))).toEqual(['a', 'b', 'c']);
  });

  it('ask for no more messages and bytes than they may hold, and get the next as they acknowledge', async () => {
    await remote.topic('orders').createSubscription('reading');
    await ends.send(
      'orders',
      Array.from({ length: 40 }, (_, index) => message(String(index), null)),
    );
    const { feed } = await join(openEnds({ messagesMax: 10, bytesMax: 4096 }));
    let seen = 0;
    while (seen < 40) {
      const some = await readUntil(feed, 1);
      expect(rules.outstanding('reading')).toBeLessThanOrEqual(10);
      seen += some.length;
      await acknowledge(feed, some);
    }
    expect(rules.streams().at(-1)).toMatchObject({ subscription: 'reading', maxOutstandingMessages: 10, maxOutstandingBytes: 4096 });
  });

  it('publish what failed again in the order of its key, which nothing has overtaken', async () => {
    const single = await openImpatient({ batchMessagesMax: 1 });
    // Only the first is refused; what was sent behind it must not go without it.
    rules.refusePublish((texts) => (texts.includes('a') ? 14 : null));
    const sends = [
      single.send('orders', [message('a')]),
      single.send('orders', [message('b')]),
      single.send('orders', [message('x', 'other')]),
    ];
    const results = await Promise.allSettled(sends);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    for (const result of results.slice(0, 2))
      expect(result).toMatchObject({ reason: expect.objectContaining({ kind: 'retry', code: 'transport.unavailable' }) as unknown });
    expect(rules.published('orders')).toEqual(['x']);
    rules.refusePublish(() => null);
    for (const body of ['a', 'b', 'c']) await single.send('orders', [message(body)]);
    expect(rules.published('orders')).toEqual(['x', 'a', 'b', 'c']);
  });

  it('are watched beside everybody else, from now on or with what the topic keeps, and nothing is left behind', async () => {
    await remote.createTopic({ name: remote.topic('keeping').name, messageRetentionDuration: { seconds: 86_400 } });
    await remote.topic('keeping').createSubscription('reading');
    await ends.send('keeping', [message('a'), message('b')]);
    const watch = async (topic: string, isFromBeginning: boolean): Promise<readonly string[]> => {
      const subscription = await ends.watch?.(topic, isFromBeginning);
      const given = await subscription?.feeds(forEver)[Symbol.asyncIterator]().next();
      await ends.send(topic, [message('c')]);
      const feed: PartitionFeed = given?.value;
      const seen = bodies(await readUntil(feed, isFromBeginning ? 3 : 1));
      await subscription?.close();
      return seen;
    };
    expect(await watch('keeping', true)).toEqual(['a', 'b', 'c']);
    expect(await watch('keeping', false)).toEqual(['c']);
    const [left] = await remote.topic('keeping').getSubscriptions();
    expect(left.map(({ name }) => name)).toEqual([remote.subscription('reading').name]);
    expect(rules.waiting('reading')).toBe(4);
    await expect(watch('orders', true)).rejects.toMatchObject({
      code: 'transport.precondition',
      message: expect.stringContaining('--message-retention-duration') as unknown,
    });
  });

  it('say into which topic to write what a subscription is to read', async () => {
    await remote.topic('orders').createSubscription('reading');
    expect(await ends.inputOf?.('reading')).toBe('orders');
    await expect(ends.inputOf?.('nowhere')).rejects.toMatchObject({ code: 'transport.topic-missing' });
  });

  it.each([
    { grpc: 8, kind: 'retry', code: 'transport.quota', says: /quota/ },
    { grpc: 7, kind: 'fatal', code: 'transport.denied', says: /roles\/pubsub\.publisher/ },
    { grpc: 16, kind: 'fatal', code: 'transport.login', says: /GOOGLE_APPLICATION_CREDENTIALS/ },
    { grpc: 9, kind: 'fatal', code: 'transport.precondition', says: /refuses topic "orders"/ },
  ])('say $code ($kind) when the service answers $grpc to a publish', async ({ grpc, kind, code, says }) => {
    const impatient = await openImpatient();
    rules.refusePublish(() => grpc);
    const failure: unknown = await impatient.send('orders', [message('a')]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ kind, code, message: expect.stringMatching(says) as unknown });
  });
});
