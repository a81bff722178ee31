import { randomUUID } from 'node:crypto';
import { describeOnKafka, realClock, readAll, startKafka, whyNoOwnKafka, type KafkaBroker } from '@dsf/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { openKafkaTransport, type KafkaTransport } from './kafka-transport.ts';

const reason = await whyNoOwnKafka(process.env);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const message = (partition: number, body: string | null, key = 'k') => ({
  partition,
  key: bytes(key),
  headers: [],
  body: body === null ? null : bytes(body),
});
const fenced = { kind: 'retry', code: 'transport.fenced' };

describeOnKafka(reason, 'writers to Kafka', () => {
  let broker: KafkaBroker;
  let transport: KafkaTransport;
  let topic = '';
  const open = (): KafkaTransport => openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());
  beforeEach(async () => {
    topic = `topic-${randomUUID()}`;
    transport = open();
    await transport.ensureTopic(topic, 3);
  });
  afterEach(() => transport.close());

  const bodies = async (): Promise<readonly string[]> =>
    (await readAll(transport, topic)).map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array())).toSorted();

  it('write to several partitions at once, many times, and nothing of it is lost or doubled', async () => {
    const writer = await transport.openWriter(topic, `${topic}/0`);
    const expected: string[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      const going = [0, 1, 2].map((partition) => `${turn}/${partition}`);
      expected.push(...going);
      await writer.send(
        topic,
        going.map((body, partition) => message(partition, body)),
      );
    }
    expect(await bodies()).toEqual(expected.toSorted());
  });

  it('shut out whoever had the name before, and only that one', async () => {
    const other = open();
    const first = await transport.openWriter(topic, `${topic}/0`);
    const neighbour = await transport.openWriter(topic, `${topic}/1`);
    await first.send(topic, [message(0, 'before')]);
    const second = await other.openWriter(topic, `${topic}/0`);
    await expect(first.send(topic, [message(0, 'too late')])).rejects.toMatchObject(fenced);
    await expect(first.send(topic, [message(0, 'still too late')])).rejects.toMatchObject(fenced);
    await second.send(topic, [message(0, 'after')]);
    await neighbour.send(topic, [message(0, 'beside')]);
    expect(await bodies()).toEqual(['after', 'before', 'beside']);
    await other.close();
  });

  it('of which one freezes in the middle of a send cannot finish it once another has taken over', async () => {
    const first = await transport.openWriter(topic, `${topic}/0`);
    broker.signal('SIGSTOP');
    const sending = first.send(topic, [message(0, 'half')]).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 300));
    broker.signal('SIGCONT');
    const other = open();
    const second = await other.openWriter(topic, `${topic}/0`);
    await second.send(topic, [message(0, 'whole')]);
    await sending;
    await expect(first.send(topic, [message(0, 'late')])).rejects.toMatchObject(fenced);
    const got = await bodies();
    expect(got.filter((body) => body !== 'half')).toEqual(['whole']);
    await other.close();
  });

  it('keep the newest of each key, and tombstones, in a compacted topic', async () => {
    const compacted = `${topic}-compacted`;
    await transport.admin.create({ topic: compacted, partitions: 1, replicas: 1, settings: { 'cleanup.policy': 'compact' } });
    await transport.ensureTopic(compacted, 1);
    const writer = await transport.openWriter(compacted, `${compacted}/0`);
    await writer.send(compacted, [message(0, 'one', 'a'), message(0, 'two', 'b')]);
    await writer.send(compacted, [message(0, null, 'a')]);
    expect((await readAll(transport, compacted)).map(({ body }) => body === null)).toEqual([false, false, true]);
  });

  it('take a batch once that is sent again because its answer was lost', async () => {
    await transport.send(topic, [message(0, 'first')]);
    // The broker takes what waits in its socket after the thaw; the client has given up by then and sends the same again.
    const impatient = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock, requestTimeoutMs: 3000 });
    await impatient.send(topic, [message(1, 'warm')]);
    broker.signal('SIGSTOP');
    const sending = impatient.send(topic, [message(0, 'once'), message(2, 'and only once')]);
    await new Promise((resolve) => setTimeout(resolve, 7000));
    broker.signal('SIGCONT');
    await sending;
    await impatient.send(topic, [message(0, 'next')]);
    expect(await bodies()).toEqual(['and only once', 'first', 'next', 'once', 'warm']);
    await impatient.close();
  }, 60_000);
});
