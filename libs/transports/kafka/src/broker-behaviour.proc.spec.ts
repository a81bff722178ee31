import { randomUUID } from 'node:crypto';
import { cp, glob, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOnKafka, realClock, startKafka, whyNoOwnKafka, type KafkaBroker } from '@dsf/testing';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Delivery, PartitionFeed, Subscription } from '@dsf/ports';
import { fetchRecords } from './fetch-request.ts';
import { openKafkaClient } from './kafka-client.ts';
import { openKafkaTransport, type KafkaTransport } from './kafka-transport.ts';

const never = new AbortController().signal;
const limits = { recordsMax: 10_000, bytesMax: 8_000_000, waitMs: 300 };
const patienceMs = 30_000;
const reason = await whyNoOwnKafka(process.env);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array()));
const messages = (partition: number, bodies: readonly string[]) =>
  bodies.map((body) => ({ partition, key: null, headers: [], body: bytes(body) }));

describeOnKafka(reason, 'a Kafka broker of our own', () => {
  let broker: KafkaBroker;
  let transport: KafkaTransport;
  let topic = '';
  let subscription: Subscription;
  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());
  beforeEach(() => {
    topic = `topic-${randomUUID()}`;
    transport = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
  });
  afterEach(() => transport.close());

  const nextFeed = async (): Promise<PartitionFeed> => {
    for await (const feed of subscription.feeds(never)) if (feed.partition === 0) return feed;
    throw new Error('no partition was given');
  };
  const feedOfPartition0 = async (): Promise<PartitionFeed> => {
    subscription = await transport.subscribe(topic, `group-${randomUUID()}`);
    return nextFeed();
  };
  const readCount = async (feed: PartitionFeed, count: number): Promise<readonly Delivery[]> => {
    const all: Delivery[] = [];
    const giveUpAt = Date.now() + patienceMs;
    while (all.length < count) {
      if (Date.now() > giveUpAt) throw new Error(`only ${all.length} of ${count} messages came`);
      all.push(...(await feed.read(limits, never).catch(() => [])));
    }
    return all;
  };

  /** Of partition 0, on the broker's disk. */
  const logFolder = async (): Promise<string> => {
    const [folder = ''] = await Array.fromAsync(glob(join(tmpdir(), 'dsf-kafka-*', 'node', 'data', `${topic}-0`)));
    return folder;
  };

  it('does not admit a member whose session is shorter than its settings say, which the member is told', async () => {
    await transport.close();
    transport = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock, sessionTimeoutMs: 100 });
    await transport.ensureTopic(topic, 1);
    await expect(feedOfPartition0()).rejects.toMatchObject({
      ...{ kind: 'fatal', code: 'transport.session-timeout' },
      message: expect.stringMatching(/session timeout of 100 ms to group "group-.*group\.min\.session\.timeout\.ms/) as unknown,
    });
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('reads what the Java client compressed with %s', async (compression) => {
    await transport.ensureTopic(topic, 1);
    const lines = Array.from({ length: 3000 }, (_, index) => `${compression} ${index} ${'x'.repeat(index % 400)}`);
    await broker.produce(topic, lines, { 'compression.type': compression, 'batch.size': '200000', 'linger.ms': '50' });
    const got = await readCount(await feedOfPartition0(), lines.length);
    expect(texts(got)).toEqual(lines);
    expect(got.map(({ offset }) => offset)).toEqual(lines.map((_, index) => index));
  });

  it('leaves out what was rolled back and what is not decided yet, and passes over markers', async () => {
    await transport.ensureTopic(topic, 1);
    const kafka = new kafkajs.Kafka({ brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING });
    const [one, two] = [`a-${topic}`, `b-${topic}`].map((transactionalId) =>
      kafka.producer({
        transactionalId,
        idempotent: true,
        maxInFlightRequests: 1,
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      }),
    );
    if (one === undefined || two === undefined) throw new Error('unreachable: there are two');
    await one.connect();
    await two.connect();
    const begin = async (producer: typeof one, value: string) => {
      const transaction = await producer.transaction();
      // The key looks like the marker of a rollback, which it is not.
      await transaction.send({ topic, messages: [{ key: Buffer.alloc(4), value, partition: 0 }] });
      return transaction;
    };
    const lost = await begin(one, 'rolled back');
    const kept = await begin(two, 'kept');
    await lost.send({ topic, messages: [{ value: 'rolled back too', partition: 0 }] });
    await lost.abort();
    await kept.commit();
    const open = await begin(one, 'open');
    await transport.send(topic, messages(0, ['behind the open one']));
    const feed = await feedOfPartition0();
    expect(texts(await readCount(feed, 1))).toEqual(['kept']);
    expect(await feed.read(limits, never)).toEqual([]);
    await open.commit();
    expect(texts(await readCount(feed, 2))).toEqual(['open', 'behind the open one']);
    await one.disconnect();
    await two.disconnect();
  });

  it('says whether the time is that of the producer or of the broker', async () => {
    await transport.admin.create({ topic, partitions: 1, replicas: 1, settings: { 'message.timestamp.type': 'LogAppendTime' } });
    await transport.send(topic, messages(0, ['a']));
    const [delivery] = await readCount(await feedOfPartition0(), 1);
    expect(delivery).toMatchObject({ timeType: 'append' });
    expect(Math.abs((delivery?.time ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('cuts a send into batches that a topic takes, and refuses the message that is too large alone', async () => {
    await transport.admin.create({ topic, partitions: 1, replicas: 1, settings: { 'max.message.bytes': '2000' } });
    const bodies = Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat(100)}`);
    await transport.send(topic, messages(0, bodies));
    expect(texts(await readCount(await feedOfPartition0(), bodies.length))).toEqual(bodies);
    await expect(transport.send(topic, messages(0, ['y'.repeat(3000)]))).rejects.toMatchObject({
      kind: 'poison',
      code: 'transport.too-large',
    });
  });

  it('tells a topic from another that was made under its name, and gives a reader nothing of that one at the offsets of the first', async () => {
    await transport.close();
    // Nothing is fetched while something is there to be read: the reader does not see the topic go.
    transport = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock, partitionBytesMax: 1 });
    await transport.ensureTopic(topic, 1);
    const before = await transport.topicId(topic);
    expect(before).toMatch(/^[0-9a-f]{32}$/);
    expect(await transport.topicId(topic)).toBe(before);
    await transport.send(topic, messages(0, ['a', 'b']));
    const feed = await feedOfPartition0();
    expect(texts(await feed.read({ ...limits, recordsMax: 1 }, never))).toEqual(['a']);
    await transport.admin.remove(topic);
    const other = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
    await expect.poll(() => other.ensureTopic(topic, 1).then(() => other.topicId(topic)), { timeout: patienceMs }).not.toBe(before);
    await other.send(topic, messages(0, ['1', '2', '3', '4']));
    await other.close();
    expect(texts(await feed.read(limits, never))).toEqual(['b']);
    await expect(feed.read({ ...limits, waitMs: patienceMs }, never)).rejects.toMatchObject({
      kind: 'fatal',
      code: 'transport.out-of-range',
      facts: { offset: 2, start: 0, end: 4 },
    });
    // Whoever says where to go on has what is there now.
    feed.seek(1);
    expect(texts(await readCount(feed, 3))).toEqual(['2', '3', '4']);
  }, 60_000);

  /** What the broker says to a fetch from an offset after a batch of such a leader. */
  const fetchAfter = async (offset: number, leaderEpoch: number | null) => {
    const timeouts = { connectTimeoutMs: 5000, requestTimeoutMs: 15_000, metadataAgeMs: 60_000 };
    const client = openKafkaClient({ connection: { brokers: [broker.address] }, clock: realClock, ...timeouts });
    try {
      const [topicId, leader] = [await client.topicId(topic), await client.leaderOf(topic, 0)];
      const sizes = { waitMs: 100, bytesMax: 1_000_000, partitionBytesMax: 1_000_000 };
      const [answer] = await fetchRecords(leader, { topic, topicId, ...sizes, partitions: [{ partition: 0, offset, leaderEpoch }] });
      if (answer === undefined) throw new Error('nothing was answered');
      const { error, divergesAt, records } = answer;
      return { error, divergesAt, next: records.next, leaderEpoch: records.leaderEpoch };
    } finally {
      await client.close();
    }
  };
  it('says nothing where its log agrees with what was fetched, and where it ends if that went further', async () => {
    await transport.ensureTopic(topic, 1);
    await transport.send(topic, messages(0, ['a', 'b']));
    const { leaderEpoch } = await fetchAfter(0, null);
    expect(leaderEpoch).toBeGreaterThanOrEqual(0);
    expect(await fetchAfter(1, leaderEpoch)).toEqual({ error: 0, divergesAt: null, next: 2, leaderEpoch });
    expect(await fetchAfter(2, leaderEpoch)).toMatchObject({ error: 0, divergesAt: null, next: null });
    expect(await fetchAfter(3, leaderEpoch)).toMatchObject({ error: 0, divergesAt: 2, next: null });
    // Of a leader that it has not heard of, a broker says what it says of an offset that is not there.
    expect(await fetchAfter(2, (leaderEpoch ?? 0) + 7)).toMatchObject({ error: 1, divergesAt: null });
  });

  it('stops a reader whose log was replaced by an older copy', async () => {
    await transport.close();
    transport = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock, sessionTimeoutMs: 120_000 });
    await transport.ensureTopic(topic, 1);
    await transport.send(topic, messages(0, ['a', 'b']));
    const log = await logFolder();
    const copy = await mkdtemp(join(tmpdir(), 'dsf-log-'));
    await cp(log, copy, { recursive: true });
    await transport.send(topic, messages(0, ['c']));
    const feed = await feedOfPartition0();
    expect(texts(await readCount(feed, 3))).toEqual(['a', 'b', 'c']);
    await broker.kill();
    await rm(log, { recursive: true });
    await cp(copy, log, { recursive: true });
    await rm(copy, { recursive: true });
    await broker.restart();
    const failure = (): Promise<unknown> => feed.read(limits, never).catch((error: unknown) => error);
    const diverged = { kind: 'fatal', code: 'transport.diverged', facts: { offset: 3, start: 2 } };
    await expect.poll(failure, { timeout: patienceMs }).toMatchObject(diverged);
    expect(feed.revoked.aborted).toBe(false);
  }, 120_000);

  it('reads up to a batch that was changed on the disk of the broker, names it, and reads on behind it for whoever says so', async () => {
    await transport.ensureTopic(topic, 1);
    for (const bodies of [['a', 'b'], ['c', 'changed'], ['d']]) await transport.send(topic, messages(0, bodies));
    const segment = join(await logFolder(), '00000000000000000000.log');
    const file = await open(segment, 'r+');
    await file.write('C', (await readFile(segment)).indexOf('changed'));
    await file.close();
    const feed = await feedOfPartition0();
    expect(texts(await readCount(feed, 2))).toEqual(['a', 'b']);
    const unreadable = { kind: 'fatal', code: 'transport.unreadable', facts: { topic, partition: 0, offset: 2, start: 4 } };
    const failure = (): Promise<unknown> => feed.read(limits, never).catch((error: unknown) => error);
    await expect.poll(failure, { timeout: patienceMs }).toMatchObject(unreadable);
    expect(feed.passed?.()).toBe(2);
    feed.seek(4);
    expect(texts(await readCount(feed, 1))).toEqual(['d']);
  });

  it('does not fetch more than it may keep while nobody reads, and then loses nothing', async () => {
    await transport.close();
    const small = { partitionBytesMax: 100_000, prefetchBytesMax: 200_000 };
    const sessionTimeoutMs = 8000;
    transport = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock, sessionTimeoutMs, ...small });
    await transport.ensureTopic(topic, 1);
    const bodies = Array.from({ length: 2000 }, (_, index) => `${index} ${'x'.repeat(1000)}`);
    for (let at = 0; at < bodies.length; at += 100) await transport.send(topic, messages(0, bodies.slice(at, at + 100)));
    const feed = await feedOfPartition0();
    const [first] = await feed.read({ ...limits, recordsMax: 1 }, never);
    // Longer than the session: the group is kept up although nobody reads.
    await new Promise((resolve) => setTimeout(resolve, 1.3 * sessionTimeoutMs));
    expect(feed.revoked.aborted).toBe(false);
    // Each send is a batch of 100 kB, as much as the partition may keep: the one that is being read, and what a fetch may bring beyond that.
    expect(feed.fetched?.()).toBeGreaterThanOrEqual(100);
    expect(feed.fetched?.()).toBeLessThanOrEqual(300);
    const rest = await readCount(feed, bodies.length - 1);
    expect(texts([...(first === undefined ? [] : [first]), ...rest])).toEqual(bodies);
  });

  it('goes on by itself when the broker was killed and is there again', { timeout: 3 * patienceMs }, async () => {
    await transport.ensureTopic(topic, 1);
    await transport.send(topic, messages(0, ['before']));
    const feed = await feedOfPartition0();
    expect(texts(await readCount(feed, 1))).toEqual(['before']);
    await broker.kill();
    await expect(transport.send(topic, messages(0, ['lost']))).rejects.toMatchObject({ kind: 'retry' });
    await expect(feed.read({ ...limits, waitMs: 2000 }, never)).rejects.toMatchObject({ kind: 'retry' });
    await broker.restart();
    const giveUpAt = Date.now() + patienceMs;
    const send = async (): Promise<void> => {
      try {
        await transport.send(topic, messages(0, ['after']));
      } catch (error) {
        expect(error).toMatchObject({ kind: 'retry' });
        if (Date.now() > giveUpAt) throw error;
        await send();
      }
    };
    await send();
    // Where the group has dropped the member meanwhile, the partition is taken and given anew.
    const got: string[] = [];
    for (let current = feed; !got.includes('after') && Date.now() < giveUpAt;) {
      if (current.revoked.aborted) current = await nextFeed();
      got.push(...texts(await current.read(limits, never).catch(() => [])));
    }
    expect(got).toContain('after');
  });
});
