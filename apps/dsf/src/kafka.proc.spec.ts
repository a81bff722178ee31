import { setTimeout as delay } from 'node:timers/promises';
import { parseInternal } from '@dsf/config';
import type { ConnectionDefinition } from '@dsf/metadata';
import {
  describeOnKafka,
  openKafkaShop,
  realClock,
  serviceNames,
  shopStream,
  startKafka,
  whyNoKafka,
  whyNoOwnKafka,
  withFleet,
  type KafkaBroker,
} from '@dsf/testing';
import { openKafkaTransport } from '@dsf/transport-kafka';
import { openInstallation, readStatus } from '@dsf/wiring';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openWorkplace, type Workplace } from './specs/dsf-process.ts';

/** Chaos of the short form; `DSF_TEST_KAFKA_BLOWS=100` runs a long one. */
const blows = Number(process.env['DSF_TEST_KAFKA_BLOWS'] ?? 8);
/** How long the broker is away. */
const awayMs = Number(process.env['DSF_TEST_KAFKA_AWAY_MS'] ?? 5000);
const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);
const reason = await whyNoKafka(process.env);
const noOwn = await whyNoOwnKafka(process.env);

interface ShopOptions {
  /** What carries the internal topics. */
  readonly internal: 'local' | 'kafka';
  /** Where the orders come from and the totals go to. */
  readonly ends: 'local' | 'kafka';
}

const openShop = ({ address }: KafkaBroker, options: ShopOptions) =>
  openKafkaShop({
    ...options,
    brokers: [address],
    open: async (environment, home) => {
      const installation = await openInstallation({ home, environment, internal: parseInternal(environment) });
      const direct = openKafkaTransport({ connection: { brokers: [address] }, clock: realClock });
      return { installation, direct, status: () => readStatus(installation) };
    },
  });

/** What the broker has, asked by kafkajs. */
const shapeOf = async ({ address }: KafkaBroker, topic: string) => {
  const admin = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const configNames = ['retention.ms'];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames }],
  });
  await admin.disconnect();
  const partitions = (topics[0]?.partitions ?? []).toSorted((a, b) => a.partitionId - b.partitionId);
  return {
    partitions: partitions.map(({ partitionId }) => partitionId),
    copies: partitions.map(({ replicas }) => replicas.length),
    retentionMs: resources[0]?.configEntries[0]?.configValue,
  };
};

describeOnKafka(reason, 'four services on Kafka', () => {
  let broker: KafkaBroker;
  let shop: Awaited<ReturnType<typeof openShop>>;
  let place: Workplace;

  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());

  const open = async (options: ShopOptions): Promise<void> => {
    shop = await openShop(broker, options);
    place = openWorkplace(shop.environment);
  };
  afterEach(async () => {
    place.clear();
    await shop.close();
  });

  describe('whose own topics are there too', () => {
    beforeEach(() => open({ internal: 'kafka', ends: 'kafka' }));

    it(`bring every message to tables, summaries and documents when they are killed and frozen ${blows} times, two replicas each (seed ${seed})`, async () => {
      await place.must(['topics', 'apply']);
      const { messages, expected } = shopStream(seed, 100 * blows);
      await withFleet({ environment: shop.environment, replicas: 2 }, async (fleet) => {
        const chaos = fleet.chaos({ seed, blows, pauseMsMax: 1500, freezeMsMax: 15_000 });
        const [blown] = await Promise.all([chaos, shop.feed(messages, 300)]);
        expect(blown.kills + blown.freezes).toBe(blows);
        expect(blown.kills).toBeGreaterThan(0);
        expect(blown.freezes).toBeGreaterThan(0);
        await shop.untilIdle(180_000);
      });
      await shop.expectAll(messages, expected);
    }, 600_000);

    const refillsOf = async (phase: string): Promise<number> =>
      (await shop.status()).sources[0]?.phases.find((one) => one.phase === phase)?.refills ?? 0;

    it('go on when dsf.points is deleted and made again in the middle of a run', async () => {
      await place.must(['topics', 'apply']);
      const points = `${shop.prefix}dsf.points`;
      // Fed until the topic is there again, however long that takes.
      const stream = shopStream(seed, 30_000).messages;
      let fed = 0;
      const feedOn = async (): Promise<void> => {
        await shop.feed(stream.slice(fed, fed + 50), 200);
        fed += 50;
      };
      await withFleet({ environment: shop.environment, replicas: 1 }, async (fleet) => {
        let isMadeAgain = false;
        const feeding = (async () => {
          while (!isMadeAgain && fed < stream.length) await feedOn();
        })();
        await expect.poll(() => shop.count('shop_totals'), { timeout: 60_000 }).not.toBe(0);
        const before = await shop.direct.topicId(points);
        // What it has not read when they go is lost with the messages.
        fleet.signal('summariser', 'SIGSTOP');
        const written = await shop.written('dsf.points');
        await expect.poll(() => shop.written('dsf.points'), { timeout: 30_000 }).toBeGreaterThan(written + 3);
        await shop.direct.admin.remove(points);
        await delay(1500);
        await place.must(['topics', 'apply']);
        expect(await shop.direct.topicId(points)).not.toBe(before);
        fleet.signal('summariser', 'SIGCONT');
        isMadeAgain = true;
        await feeding;
        expect(fed).toBeLessThan(stream.length);
        await feedOn();
        await shop.untilIdle(120_000);
      });
      const { messages, expected } = shopStream(seed, fed);
      await shop.expectAll(messages, expected);
      expect(await refillsOf('summarise')).toBeGreaterThan(0);
    }, 300_000);

    it('read from the rows what has expired in dsf.raw and dsf.points while nobody read it', async () => {
      await place.must(['topics', 'apply']);
      const { messages, expected } = shopStream(seed, 600);
      const during = (services: readonly (typeof serviceNames)[number][], work: () => Promise<void>) =>
        withFleet({ environment: shop.environment, replicas: 1, services }, work);
      const untilCount = (table: string, wanted: number): Promise<void> =>
        expect.poll(() => shop.count(table), { timeout: 60_000, interval: 200 }).toBe(wanted);
      /** Everything, as retention does it. @param read - messages that were there when all had been read */
      const expire = async (topic: string, read: number): Promise<void> => {
        expect(await shop.written(topic), topic).toBeGreaterThan(read);
        const name = `${shop.prefix}${topic}`;
        for (let partition = 0; partition < (await shop.direct.partitionCount(name)); partition += 1) {
          const { end } = await shop.direct.bounds(name, partition);
          await shop.direct.trim(name, partition, end);
          expect(await shop.direct.bounds(name, partition)).toEqual({ start: end, end });
        }
      };
      // So that each group has acknowledged an offset, which is in no log any more afterwards.
      await during(serviceNames, async () => {
        await shop.feed(messages.slice(0, 200), 0);
        await shop.untilIdle(120_000);
      });
      const read = { raw: await shop.written('dsf.raw'), points: await shop.written('dsf.points') };
      expect([await refillsOf('flatten'), await refillsOf('summarise')]).toEqual([0, 0]);
      await during(['ingestor'], async () => {
        await shop.feed(messages.slice(200), 0);
        await untilCount('dsf_raw', messages.length);
      });
      await expire('dsf.raw', read.raw);
      await during(['ingestor', 'flattener'], () => untilCount('shop_orders', expected.orders));
      await expire('dsf.points', read.points);
      await during(serviceNames, () => shop.untilIdle(120_000));
      await shop.expectAll(messages, expected);
      for (const phase of ['flatten', 'summarise']) expect(await refillsOf(phase), phase).toBeGreaterThan(0);
    }, 300_000);

    it('go on by themselves when the broker was away', async ({ skip }) => {
      if (noOwn !== null) skip(noOwn);
      await place.must(['topics', 'apply']);
      const { messages, expected } = shopStream(seed, 600);
      await withFleet({ environment: shop.environment, replicas: 1 }, async () => {
        await shop.feed(messages.slice(0, 300), 20);
        await broker.kill();
        await delay(awayMs);
        await broker.restart();
        await shop.feed(messages.slice(300), 20);
        await shop.untilIdle(120_000);
      });
      await shop.expectAll(messages, expected);
    }, 400_000);

    it('do not start without their topics, and name the command that makes them', async () => {
      const { code, stderr } = await place.dsf(['run', '--until-idle']);
      expect(code).not.toBe(0);
      expect(stderr).toContain(`${shop.prefix}dsf.`);
      expect(stderr).toContain('dsf topics apply');
      expect(stderr).toContain('transport.topic-missing');
    });

    it('are not made with more copies than there are brokers, and say which topic', async ({ skip }) => {
      if (noOwn !== null) skip(noOwn);
      const { code, stderr } = await place.dsf(['topics', 'apply', '--replication', '3']);
      expect(stderr).toMatch(/topic "\S+dsf\.raw" cannot be made.*fewer brokers than replicas.*transport\.replication/s);
      expect(code).toBe(1);
      expect(await place.must(['topics', 'plan'])).toMatch(/\+ \S+dsf\.raw/);
    });

    it('do not start with fewer partitions than lanes, and leave unused what are more', async () => {
      await shop.direct.ensureTopic(`${shop.prefix}dsf.raw`, 2);
      await shop.direct.ensureTopic(`${shop.prefix}dsf.points`, 6);
      const refused = await place.dsf(['run', '--until-idle']);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toMatch(/has 2 partitions, 4 are needed.*dsf topics apply.*transport\.partitions/s);
      const plan = await place.must(['topics', 'plan']);
      expect(plan).toMatch(/~ \S+dsf\.raw {2}partitions 2 → 4/);
      expect(plan).toMatch(/~ \S+dsf\.points {2}largest message/);
      expect(plan).toMatch(/\+ \S+dsf\.summary {2}partitions 4/);
      await place.must(['topics', 'apply']);
      expect((await place.must(['topics', 'plan'])).match(/^= /gm)).toHaveLength(3);
      const { messages, expected } = shopStream(seed, 200);
      await shop.feed(messages, 0);
      await place.must(['run', '--until-idle']);
      await shop.expectAll(messages, expected);
      const lanes = await shop.installation.warehouse.inspect.lanes();
      expect(lanes.filter(({ phase, lane }) => phase === 'summarise' && lane >= 4)).toEqual([]);
      for (const partition of [4, 5]) {
        const { start, end } = await shop.direct.bounds(`${shop.prefix}dsf.points`, partition);
        expect(end - start).toBe(0);
      }
    });
  });

  describe('whose own topics are made with a retention of two days', () => {
    beforeEach(async () => {
      await open({ internal: 'kafka', ends: 'local' });
      place.clear();
      place = openWorkplace({ ...shop.environment, DSF_INTERNAL_RETENTION: '48h', DSF_INTERNAL_REPLICATION: '1' });
    });

    it('have them with the partitions, copies and retention that were planned, also one that was there otherwise', async () => {
      const [raw, points, summary] = ['raw', 'points', 'summary'].map((name) => `${shop.prefix}dsf.${name}`);
      if (points === undefined) throw new Error('unreachable: there are three');
      await shop.direct.admin.create({ topic: points, partitions: 2, replicas: 1, settings: { 'retention.ms': '5400000' } });
      const plan = await place.must(['topics', 'plan']);
      expect(plan).toMatch(/~ \S+dsf\.points {2}partitions 2 → 4, retention 90 minutes → 2 days, largest message /);
      for (const topic of [raw, summary]) expect(plan).toContain(`+ ${topic}  partitions 4, replication 1, retention 2 days, `);
      await place.must(['topics', 'apply']);
      for (const topic of [raw, points, summary]) {
        expect(await shapeOf(broker, topic ?? '')).toEqual({ partitions: [0, 1, 2, 3], copies: [1, 1, 1, 1], retentionMs: '172800000' });
      }
      expect((await place.must(['topics', 'plan'])).match(/^= /gm)).toHaveLength(3);
    });
  });

  describe('for sources and publications, with their own topics in the local log', () => {
    beforeEach(() => open({ internal: 'local', ends: 'kafka' }));

    it('store every message once and publish right totals', async () => {
      const { messages, expected } = shopStream(seed, 600);
      await withFleet({ environment: shop.environment, replicas: 2 }, async () => {
        await shop.feed(messages, 20);
        await shop.untilIdle(120_000);
      });
      await shop.expectAll(messages, expected);
    }, 300_000);

    it('say that there is no topic to make', async () => {
      expect(await place.must(['topics', 'plan'])).toContain('local log');
    });

    it('are told of a topic that is not there and a secret that is not set', async () => {
      const connection = (rest: Partial<ConnectionDefinition>): ConnectionDefinition => ({
        name: 'plant',
        kind: 'kafka',
        brokers: [broker.address],
        client_id: 'dsf',
        ...rest,
      });
      const missing = await shop.installation.transport('kafka', connection({}));
      await expect(missing.ensureTopic('nowhere', 1)).rejects.toMatchObject({ kind: 'fatal', code: 'transport.topic-missing' });
      const sasl = { mechanism: 'plain', username_env: 'NOT_SET', password_env: 'NOT_SET_EITHER' } as const;
      await expect(shop.installation.transport('kafka', connection({ sasl }))).rejects.toThrow(/NOT_SET/);
    });
  });

  it('pass work through Kafka between a local source and a local publication', { timeout: 240_000 }, async () => {
    await open({ internal: 'kafka', ends: 'local' });
    await place.must(['topics', 'apply']);
    const { messages, expected } = shopStream(seed, 400);
    // A process for each service: those that share one hand ranges over in memory, and may need the topics for nothing.
    await withFleet({ environment: shop.environment, replicas: 1 }, async () => {
      await shop.feed(messages, 0);
      await shop.untilIdle(120_000);
    });
    await shop.expectAll(messages, expected);
    for (const topic of ['dsf.raw', 'dsf.points', 'dsf.summary']) expect(await shop.written(topic), topic).toBeGreaterThan(0);
  });
});
