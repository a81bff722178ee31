import { setTimeout as delay } from 'node:timers/promises';
import { parseInternal } from '@dsf/config';
import {
  describeOnKafka,
  openKafkaShop,
  realClock,
  shopStream,
  startFleet,
  startKafkaCluster,
  whyNoOwnKafka,
  withFleet,
  type KafkaCluster,
} from '@dsf/testing';
import { openKafkaTransport } from '@dsf/transport-kafka';
import { openInstallation, readStatus } from '@dsf/wiring';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { openWorkplace, type Workplace } from './specs/dsf-process.ts';

const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);
const reason = await whyNoOwnKafka(process.env);

const openShop = (brokers: readonly string[]) =>
  openKafkaShop({
    ...{ brokers, internal: 'kafka', ends: 'kafka' },
    open: async (environment, home) => {
      const installation = await openInstallation({ home, environment, internal: parseInternal(environment) });
      const direct = openKafkaTransport({ connection: { brokers }, clock: realClock });
      return { installation, direct, status: () => readStatus(installation) };
    },
  });

describeOnKafka(reason, 'four services on three brokers', () => {
  let cluster: KafkaCluster;
  let shop: Awaited<ReturnType<typeof openShop>>;
  let place: Workplace;
  beforeAll(async () => {
    cluster = await startKafkaCluster(process.env);
  }, 300_000);
  afterAll(() => cluster.close());
  beforeEach(async () => {
    shop = await openShop(cluster.addresses);
    place = openWorkplace(shop.environment);
    await place.must(['topics', 'apply']);
  });
  afterEach(async () => {
    place.clear();
    await shop.close();
  });

  it('go on when each broker in turn is killed, so that leaders and coordinators move', async () => {
    const { messages, expected } = shopStream(seed, 3000);
    await withFleet({ environment: shop.environment, replicas: 2 }, async () => {
      const feeding = shop.feed(messages, 1000);
      for (const id of [1, 2, 3]) {
        await delay(4000);
        await cluster.node(id).kill();
        await delay(6000);
        await cluster.node(id).restart();
        // A broker that has come back has to catch up before the next may go: two of three copies are what a message needs.
        await delay(10_000);
      }
      await feeding;
      await shop.untilIdle(240_000);
    });
    await shop.expectAll(messages, expected);
  }, 600_000);

  it('go on when a broker freezes and wakes up as the leader that it no longer is', async () => {
    const { messages, expected } = shopStream(seed + 1, 1500);
    await withFleet({ environment: shop.environment, replicas: 1 }, async () => {
      const feeding = shop.feed(messages, 1000);
      await delay(4000);
      cluster.node(2).signal('SIGSTOP');
      await delay(20_000);
      cluster.node(2).signal('SIGCONT');
      await feeding;
      await shop.untilIdle(240_000);
    });
    await shop.expectAll(messages, expected);
  }, 600_000);

  it('hand their lanes on when replicas join and leave while they write', async () => {
    const { messages, expected } = shopStream(seed + 2, 3000);
    await withFleet({ environment: shop.environment, replicas: 1 }, async () => {
      const feeding = shop.feed(messages, 700);
      for (let turn = 0; turn < 3; turn += 1) {
        const replicas = 1 + (turn % 2);
        const more = startFleet({ environment: { ...shop.environment, DSF_LOG_LEVEL: 'info' }, replicas });
        await expect.poll(() => more.logs().match(/"state":"ready"/g)?.length, { timeout: 120_000 }).toBe(4 * replicas);
        await delay(4000);
        expect(more.casualties()).toEqual([]);
        for (const { code } of await more.stop()) expect(code).toBe(0);
        await delay(2000);
      }
      await feeding;
      await shop.untilIdle(240_000);
    });
    await shop.expectAll(messages, expected);
  }, 600_000);
});
