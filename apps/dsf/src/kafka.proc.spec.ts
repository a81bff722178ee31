import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildCatalog, definitionsSchema, type ConnectionDefinition } from '@dsf/metadata';
import type { Delivery, Transport } from '@dsf/ports';
import {
  realClock,
  shopDefinitions,
  shopStream,
  startFleet,
  startKafka,
  whyNoKafka,
  type KafkaBroker,
  type ShopMessage,
} from '@dsf/testing';
import { openInstallation, readStatus, type Installation } from '@dsf/wiring';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const reason = whyNoKafka(process.env);
const blows = Number(process.env['DSF_TEST_KAFKA_BLOWS'] ?? 12);
const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array | null): string | null => (body === null ? null : new TextDecoder().decode(body));

describe.skipIf(reason !== null)('four services between Kafka topics', () => {
  let broker: KafkaBroker;
  let home = '';
  let installation: Installation;
  let direct: KafkaTransport;
  let input = '';
  let output = '';

  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'dsf-kafka-services-'));
    [input, output] = [`orders-${randomUUID()}`, `totals-${randomUUID()}`];
    direct = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
    await direct.ensureTopic(input, 4);
    await direct.ensureTopic(output, 4);
    installation = await openInstallation({ home });
    const connection = { name: 'plant', kind: 'kafka', brokers: [broker.address], client_id: 'dsf' };
    const definitions = definitionsSchema.parse({
      ...shopDefinitions,
      connections: [connection],
      sources: shopDefinitions.sources.map((source) => ({ ...source, transport: 'kafka', connection: 'plant', topic: input })),
      publications: shopDefinitions.publications.map((publication) =>
        publication.name === 'shop.totals' ? { ...publication, transport: 'kafka', connection: 'plant', topic: output } : publication,
      ),
    });
    const activation = await installation.metadata.activate({ definitions, comment: 'test', now: Date.now(), check: buildCatalog });
    if (activation.kind !== 'activated') throw new Error(`the definitions were not activated: ${JSON.stringify(activation)}`);
  });
  afterEach(async () => {
    await direct.close();
    await installation.close();
    rmSync(home, { recursive: true, force: true });
  });

  const environment = (): Record<string, string> => ({
    DSF_HOME: home,
    DSF_LOG_LEVEL: 'warn',
    ...Object.fromEntries(['INGESTOR', 'FLATTENER', 'SUMMARISER', 'PUBLISHER'].map((name) => [`${name}_HTTP_PORT`, '0'])),
  });
  const feed = async (messages: readonly ShopMessage[], pauseMs: number): Promise<void> => {
    for (let at = 0; at < messages.length; at += 50) {
      const going = messages
        .slice(at, at + 50)
        .map(({ partition, key, body }) => ({ partition, key: bytes(key), headers: [], body: body === null ? null : bytes(body) }));
      await direct.send(input, going);
      await delay(pauseMs);
    }
  };
  const untilIdle = async (limitMs: number): Promise<void> => {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const status = await readStatus(installation);
      if (status.idle) return;
      if (Date.now() > deadline) throw new Error(`not idle after ${limitMs} ms: ${JSON.stringify(status)}`);
      await delay(200);
    }
  };
  const count = async (table: string): Promise<unknown> =>
    (await installation.warehouse.inspect.query(`select count(*) from ${table}`, 1)).rows[0]?.[0];

  const readAll = async (transport: Transport, topic: string): Promise<readonly Delivery[]> => {
    const subscription = await transport.subscribe(topic, `test-${randomUUID()}`);
    const ended = new AbortController();
    const all: Delivery[] = [];
    let open = await transport.partitionCount(topic);
    for await (const partition of subscription.feeds(ended.signal)) {
      const { end } = await transport.bounds(topic, partition.partition);
      for (let next = 0; next < end;) {
        const deliveries = await partition.read({ recordsMax: 1000, bytesMax: 1e8, waitMs: 1000 }, ended.signal);
        all.push(...deliveries);
        next = (deliveries.at(-1)?.offset ?? end) + 1;
      }
      open -= 1;
      if (open === 0) ended.abort();
    }
    await subscription.close();
    return all;
  };
  /** A consumer that keeps the highest revision has the summaries; equal ids are equal to the last byte. */
  const publishedTotals = async (): Promise<ReadonlyMap<string, readonly unknown[]>> => {
    const byId = new Map<string, string | null>();
    const newest = new Map<string, { readonly revision: number; readonly body: string | null }>();
    for (const { headers, key, body } of await readAll(direct, output)) {
      const header = (name: string): string => text(headers.find(([found]) => found === name)?.[1] ?? null) ?? '';
      const id = header('ce_id');
      if (byId.has(id)) expect(text(body)).toBe(byId.get(id));
      byId.set(id, text(body));
      const revision = Number(header('ce_dsfrevision'));
      const group = text(key) ?? '';
      if (revision >= (newest.get(group)?.revision ?? 0)) newest.set(group, { revision, body: text(body) });
    }
    const kept = [...newest.values()].map(
      ({ body }) => JSON.parse(body ?? 'null') as { key: { city: string }; measures: { orders: string; total: string } },
    );
    return new Map(kept.map(({ key, measures }) => [key.city, [Number(measures.orders), measures.total]]));
  };

  it(`store every message once and publish right totals when they are killed and frozen ${blows} times (seed ${seed})`, async () => {
    const { messages, expected } = shopStream(seed, 100 * blows);
    const fleet = startFleet({ environment: environment(), replicas: 2 });
    try {
      const feeding = feed(messages, 300);
      await fleet.chaos({ seed, blows, pauseMsMax: 1500, freezeMsMax: 15_000 });
      await feeding;
      await untilIdle(180_000);
      expect(fleet.casualties()).toEqual([]);
    } finally {
      await fleet.stop();
    }
    expect(await count('dsf_raw')).toBe(messages.length);
    expect(await count('shop_orders')).toBe(expected.orders);
    expect(await count('shop_orders__items')).toBe(expected.items);
    expect(await publishedTotals()).toEqual(expected.totals);
  }, 600_000);

  it('go on by themselves when the broker was away', async () => {
    const { messages, expected } = shopStream(seed, 600);
    const fleet = startFleet({ environment: environment(), replicas: 1 });
    try {
      await feed(messages.slice(0, 300), 20);
      await broker.kill();
      await delay(5000);
      await broker.restart();
      await feed(messages.slice(300), 20);
      await untilIdle(120_000);
      expect(fleet.casualties()).toEqual([]);
    } finally {
      await fleet.stop();
    }
    expect(await count('dsf_raw')).toBe(messages.length);
    expect(await publishedTotals()).toEqual(expected.totals);
  }, 300_000);

  it('is told of a topic that is not there, a wrong name and a secret that is not set', async () => {
    const connection = (rest: Partial<ConnectionDefinition>): ConnectionDefinition => ({
      name: 'plant',
      kind: 'kafka',
      brokers: [broker.address],
      client_id: 'dsf',
      ...rest,
    });
    const missing = installation.transport('kafka', connection({}));
    await expect(missing.ensureTopic('nowhere', 1)).rejects.toMatchObject({ kind: 'fatal', code: 'transport.topic-missing' });
    const sasl = { mechanism: 'plain', username_env: 'NOT_SET', password_env: 'NOT_SET_EITHER' } as const;
    expect(() => installation.transport('kafka', connection({ sasl }))).toThrow(/NOT_SET/);
  });
});
