import { randomUUID } from 'node:crypto';
import { realClock, startKafka, whyNoOwnKafka } from '@dsf/testing';
import { expect, it } from 'vitest';
import type { PartitionFeed } from '@dsf/ports';
import { openKafkaTransport } from './kafka-transport.ts';

const reason = await whyNoOwnKafka(process.env);
const never = new AbortController().signal;
const message = (body: string) => ({ partition: 0, key: null, headers: [], body: new TextEncoder().encode(body) });

it('a transport ends although the broker does not answer any more', async ({ skip }) => {
  if (reason !== null) skip(reason);
  const broker = await startKafka(process.env);
  const topic = `topic-${randomUUID()}`;
  // So patient that it would outlast the test.
  const patient = { sessionTimeoutMs: 3000, requestTimeoutMs: 3_600_000 };
  const transport = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock, ...patient });
  try {
    await transport.ensureTopic(topic, 1);
    await transport.send(topic, [message('before')]);
    const subscription = await transport.subscribe(topic, `group-${randomUUID()}`);
    let given: PartitionFeed | undefined;
    for await (const feed of subscription.feeds(never)) {
      given = feed;
      break;
    }
    expect(await given?.read({ recordsMax: 10, bytesMax: 1000, waitMs: 30_000 }, never)).toHaveLength(1);
    broker.signal('SIGSTOP');
    const sending = transport.send(topic, [message('never heard of')]).catch((error: unknown) => error);
    await transport.close();
    expect(await sending).toMatchObject({ kind: 'retry' });
  } finally {
    broker.signal('SIGCONT');
    await broker.close();
  }
});
