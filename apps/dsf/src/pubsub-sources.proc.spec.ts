import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PubSub } from '@google-cloud/pubsub';
import type { Delivery, Transport } from '@dsf/ports';
import {
  activateAll,
  expectShopTables,
  expectShopTotals,
  fleetEnvironment,
  hasShopTotals,
  isStrictPubsub,
  readSubscription,
  realClock,
  sendShop,
  shopDefinitions,
  shopStream,
  startPubsub,
  whyNoPubsub,
  withFleet,
  type PubsubServer,
  type ShopExpectation,
} from '@dsf/testing';
import { openPubsubEnds } from '@dsf/transport-pubsub';
import { openInstallation, readStatus, type Installation } from '@dsf/wiring';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openWorkplace } from './specs/dsf-process.ts';

const reason = whyNoPubsub(process.env);
const isStrict = isStrictPubsub(process.env);
const blows = Number(process.env['DSF_TEST_PUBSUB_BLOWS'] ?? 3);
const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);
/**
 * A lane without numbers is idle when nothing came from one heartbeat to the next. The first is when it is claimed, and the stream of a machine that is
 * busy with other things may take longer to open than the usual second.
 */
const patient = { DSF_IDLE_HEARTBEAT: '5s' };

// One line in the counts says why nothing of this ran.
it.for(reason === null ? [] : [reason])('sources and publications work on Pub/Sub', (why, { skip }) => {
  expect(why).not.toBe('');
  skip(why);
});

describe.skipIf(reason !== null)('sources and publications on Pub/Sub, the rest in the local log and SQLite', () => {
  let server: PubsubServer;
  let home: string;
  let remote: PubSub;
  let ends: Transport;
  let installation: Installation;
  let environment: Readonly<Record<string, string>>;
  const names = { orders: '', reading: '', totals: '', watching: '' };

  beforeAll(async () => {
    server = await startPubsub(process.env);
  }, 300_000);
  afterAll(() => server.close());
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'dsf-pubsub-sources-'));
    const own = randomUUID();
    Object.assign(names, { orders: `orders-${own}`, reading: `reading-${own}`, totals: `totals-${own}`, watching: `watching-${own}` });
    remote = new PubSub({ projectId: 'shop-project', apiEndpoint: server.address, emulatorMode: true });
    const [orders] = await remote.createTopic(names.orders);
    await orders.createSubscription(names.reading, { enableMessageOrdering: true, ackDeadlineSeconds: 10 });
    const [totals] = await remote.createTopic(names.totals);
    await totals.createSubscription(names.watching, { enableMessageOrdering: true });
    ends = openPubsubEnds({ connection: { project: 'shop-project', emulator: server.address }, clock: realClock });
    environment = {
      PUBSUB_EMULATOR_HOST: server.address,
      ...fleetEnvironment(home),
    };
    installation = await openInstallation({ home, environment });
    const place = { transport: 'pubsub', connection: 'google' };
    await activateAll(installation.metadata, {
      ...shopDefinitions,
      connections: [{ name: 'google', kind: 'pubsub', project: 'shop-project' }],
      sources: shopDefinitions.sources.map((source) => ({ ...source, ...place, topic: names.reading, partitions: 2 })),
      publications: shopDefinitions.publications.map((publication) =>
        publication.name === 'shop.totals' ? { ...publication, ...place, topic: names.totals } : publication,
      ),
    });
  });
  afterEach(async () => {
    await installation.close();
    await ends.close();
    await remote.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** A message without data needs an attribute. */
  const marked = (): Transport => ({
    ...ends,
    send: (topic, messages) =>
      ends.send(
        topic,
        messages.map((message) => ({ ...message, headers: [['kind', new TextEncoder().encode('order')] as const] })),
      ),
  });
  const counted = async (sql: string): Promise<number> => Number((await installation.warehouse.inspect.query(sql, 1)).rows[0]?.[0]);
  const untilThrough = async (messages: number): Promise<void> => {
    await expect.poll(() => counted('select count(*) from dsf_raw'), { timeout: 180_000, interval: 500 }).toBe(messages);
    await expect.poll(async () => (await readStatus(installation)).idle, { timeout: 120_000, interval: 500 }).toBe(true);
  };
  const readTotals = (expected: ShopExpectation): Promise<readonly Delivery[]> =>
    readSubscription(ends, names.watching, (deliveries) => hasShopTotals(deliveries, expected));

  it('store each message once, in order per key, with attributes and time, and publish right totals as CloudEvents', async () => {
    const { messages, expected } = shopStream(seed, 300);
    await sendShop(marked(), names.orders, { messages, pauseMs: 0 });
    const place = openWorkplace({ ...environment, ...patient });
    await place.must(['run', '--until-idle']);
    place.clear();
    await expectShopTables(installation.warehouse, messages, expected);
    expectShopTotals(await readTotals(expected), expected);
    // Coordinates have no holes, and each belongs to one id.
    for (const lane of [0, 1]) {
      const rows = await counted(`select count(*) from dsf_raw where _dsf_part = ${lane}`);
      expect(await counted(`select coalesce(max(_dsf_off), -1) + 1 from dsf_raw where _dsf_part = ${lane}`)).toBe(rows);
    }
    expect(await counted('select count(distinct message_id) from dsf_message')).toBe(messages.length);
    expect(await counted("select count(*) from dsf_raw where time_type = 'append' and key is not null")).toBe(messages.length);
  });

  it('go on where they stopped: what was acknowledged does not come again, and what is new is stored', async () => {
    const place = openWorkplace({ ...environment, ...patient });
    for (const round of [1, 2]) {
      await ends.send(
        names.orders,
        [1, 2, 3].map((id) => ({
          partition: 0,
          key: new TextEncoder().encode('k'),
          headers: [['kind', new TextEncoder().encode('test')] as const],
          body: new TextEncoder().encode(JSON.stringify({ id: 10 * round + id })),
        })),
      );
      await place.must(['run', '--until-idle']);
      expect(await counted('select count(*) from dsf_raw')).toBe(3 * round);
      expect(await counted('select count(*) from dsf_message')).toBe(3 * round);
    }
    place.clear();
    const order = await installation.warehouse.inspect.query('select id from shop_orders order by _dsf_part, _dsf_off', 10);
    expect(order.rows.map(([id]) => Number(id))).toEqual([11, 12, 13, 21, 22, 23]);
  });

  it('name a subscription that is not there', async () => {
    await remote.subscription(names.reading).delete();
    const place = openWorkplace(environment);
    const { code, stderr } = await place.dsf(['run', '--until-idle']);
    place.clear();
    expect(code).not.toBe(0);
    expect(stderr).toContain(`subscription "${names.reading}" does not exist`);
    expect(stderr).toContain('gcloud pubsub subscriptions create');
  });

  it.runIf(isStrict)(
    `lose and double nothing when services are killed and frozen ${blows} times, two replicas each on the same lanes (seed ${seed})`,
    async () => {
      const { messages, expected } = shopStream(seed, 150 * blows);
      await withFleet({ environment, replicas: 2 }, async (fleet) => {
        const feeding = sendShop(marked(), names.orders, { messages, pauseMs: 300 });
        await Promise.all([feeding, fleet.chaos({ seed, blows, pauseMsMax: 1500, freezeMsMax: 8000 })]);
        await untilThrough(messages.length);
        await delay(1000);
      });
      await expectShopTables(installation.warehouse, messages, expected);
      expectShopTotals(await readTotals(expected), expected);
    },
    600_000,
  );
});
