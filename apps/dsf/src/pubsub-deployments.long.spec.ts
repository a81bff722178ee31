import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PubSub } from '@google-cloud/pubsub';
import { parseInternal } from '@dsf/config';
import type { Delivery, Transport } from '@dsf/ports';
import {
  activateAll,
  bigQueryName,
  expectShopTables,
  expectShopTotals,
  fleetEnvironment,
  isStrictPubsub,
  newestDocuments,
  readAll,
  readShopImage,
  readSubscription,
  realClock,
  sendShop,
  shopDefinitions,
  shopStream,
  startBigQuery,
  startKafka,
  startPubsub,
  whyNoBigQuery,
  whyNoKafka,
  whyNoPubsub,
  withFleet,
  type BigQueryServer,
  type KafkaBroker,
  type PubsubServer,
  type ShopImage,
  type ShopMessage,
} from '@dsf/testing';
import { openKafkaTransport } from '@dsf/transport-kafka';
import { openPubsubEnds } from '@dsf/transport-pubsub';
import { openInstallation, readStatus, type Installation } from '@dsf/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, type Workplace } from './specs/dsf-process.ts';

type Carrier = 'local' | 'kafka' | 'pubsub';

/** What carries what, with definitions and state in SQLite. */
interface Deployment {
  readonly source: Carrier;
  readonly internal: 'local' | 'pubsub';
  readonly documents: Carrier;
  /** Where the rows are. */
  readonly rows?: 'SQLite' | 'BigQuery';
}

/** A deployment with topics of its own. */
interface Ends {
  /** For the definitions. */
  readonly source: object;
  readonly publication: (name: string) => object;
  readonly input: { readonly transport: Transport; readonly topic: string };
  readonly read: (name: string) => Promise<readonly Delivery[]>;
}

/** An installation that is to work. */
interface Works {
  readonly installation: Installation;
  readonly place: Workplace;
  readonly environment: Readonly<Record<string, string>>;
  readonly feed: (messages: readonly ShopMessage[], pauseMs: number) => Promise<void>;
}

/** Brings the messages in and through. */
type Drive = (works: Works) => Promise<void>;

const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);
const blows = Number(process.env['DSF_TEST_PUBSUB_BLOWS'] ?? 8);
const reason = whyNoPubsub(process.env);
const noKafka = await whyNoKafka(process.env);
const noBigQuery = whyNoBigQuery(process.env);
const project = 'shop-project';
const published = ['shop.totals', 'shop.sales'];
/** For the name of a test that is skipped. */
const notThere = (why: string | null): string => (why === null ? '' : `: ${why}`);

/** Pub/Sub takes no message without data and attributes. */
const marked = (transport: Transport): Transport => ({
  ...transport,
  send: (topic, messages) =>
    transport.send(
      topic,
      messages.map((message) => ({ ...message, headers: [['kind', new TextEncoder().encode('order')] as const] })),
    ),
});

// One line in the counts says why nothing of this ran.
it.for(reason === null ? [] : [reason])('every deployment with Pub/Sub gives what the local log gives', (why, { skip }) => {
  expect(why).not.toBe('');
  skip(why);
});

describe.skipIf(reason !== null)('the same definitions and messages', () => {
  const { messages, expected } = shopStream(seed, 500);
  let server: PubsubServer;
  let broker: KafkaBroker | null = null;
  let bigQuery: BigQueryServer | null = null;
  let remote: PubSub;
  let google: Transport;
  let reference: ShopImage;

  const openEnds = async (carrier: Carrier, installation: Installation, lanes: number): Promise<Ends> => {
    const own = randomUUID();
    const topicOf = (name: string): string => `${name}-${own}`;
    const input = topicOf('orders');
    if (carrier === 'pubsub') {
      const [orders] = await remote.createTopic(input);
      await orders.createSubscription(topicOf('reading'), { enableMessageOrdering: true });
      for (const name of published) {
        const [documents] = await remote.createTopic(topicOf(name));
        await documents.createSubscription(topicOf(`watching-${name}`), { enableMessageOrdering: true });
      }
      const place = { transport: 'pubsub', connection: 'google' };
      return {
        source: { ...place, topic: topicOf('reading'), partitions: lanes },
        publication: (name) => ({ ...place, topic: topicOf(name) }),
        input: { transport: google, topic: input },
        read: (name) =>
          readSubscription(google, topicOf(`watching-${name}`), (deliveries) =>
            isDeepStrictEqual(newestDocuments(deliveries), reference.documents[published.indexOf(name)]),
          ),
      };
    }
    const isKafka = carrier === 'kafka';
    const transport = isKafka
      ? openKafkaTransport({ connection: { brokers: [broker?.address ?? ''] }, clock: realClock })
      : installation.local;
    for (const topic of [input, ...published.map(topicOf)]) await transport.ensureTopic(topic, 4);
    const place = isKafka ? { transport: 'kafka', connection: 'plant' } : {};
    return {
      source: { ...place, topic: input },
      publication: (name) => ({ ...place, topic: topicOf(name) }),
      input: { transport, topic: input },
      read: (name) => readAll(transport, topicOf(name)),
    };
  };

  const inTwoRuns: Drive = async ({ place, feed }) => {
    for (const some of [messages.slice(0, 200), messages.slice(200)]) {
      await feed(some, 0);
      await place.must(['run', '--until-idle']);
    }
  };
  /** Beyond the deadline of an acknowledgement (20 s) a frozen process becomes a zombie with its memory. */
  const underBlows: Drive = async ({ feed, environment, installation }) => {
    const stored = async (): Promise<number> =>
      Number((await installation.warehouse.inspect.query('select count(*) from dsf_raw', 1)).rows[0]?.[0]);
    await withFleet({ environment, replicas: 2 }, async (fleet) => {
      await Promise.all([feed(messages, 1000), fleet.chaos({ seed, blows, pauseMsMax: 1500, freezeMsMax: 30_000 })]);
      await expect.poll(stored, { timeout: 240_000, interval: 500 }).toBe(messages.length);
      await expect.poll(async () => (await readStatus(installation)).idle, { timeout: 180_000, interval: 500 }).toBe(true);
    });
  };

  const runShop = async ({ source, internal, documents, rows }: Deployment, drive: Drive = inTwoRuns): Promise<ShopImage> => {
    const home = mkdtempSync(join(tmpdir(), 'dsf-deployment-'));
    const environment: Readonly<Record<string, string>> = {
      PUBSUB_EMULATOR_HOST: server.address,
      ...fleetEnvironment(home),
      ...(internal === 'local' ? {} : { DSF_INTERNAL_TRANSPORT: internal, DSF_INTERNAL_PREFIX: `t-${randomUUID()}.` }),
      ...(rows === 'BigQuery' ? await bigQuery?.fresh() : {}),
    };
    const installation = await openInstallation({ home, environment, internal: parseInternal(environment) });
    // The stream of a source may take longer to open than the usual second, and a lane that is quiet meanwhile counts as idle.
    const place = openWorkplace({ ...environment, DSF_IDLE_HEARTBEAT: '5s' });
    try {
      const [from, to] = [await openEnds(source, installation, 3), await openEnds(documents, installation, 1)];
      await activateAll(installation.metadata, {
        ...shopDefinitions,
        connections: [
          { name: 'google', kind: 'pubsub', project },
          ...(broker === null ? [] : [{ name: 'plant', kind: 'kafka', brokers: [broker.address] }]),
        ],
        sources: shopDefinitions.sources.map((one) => ({ ...one, ...from.source })),
        publications: shopDefinitions.publications.map((one) => ({ ...one, ...to.publication(one.name) })),
      });
      if (internal === 'pubsub') await place.must(['topics', 'apply']);
      const input = marked(from.input.transport);
      const feed: Works['feed'] = (some, pauseMs) => sendShop(input, from.input.topic, { messages: some, pauseMs });
      await drive({ installation, place, environment, feed });
      await expectShopTables(installation.warehouse, messages, expected);
      const documentsOf = await Promise.all(published.map((name) => to.read(name)));
      expectShopTotals(documentsOf[0] ?? [], expected);
      for (const transport of new Set([from.input.transport, to.input.transport]))
        if (transport !== google && transport !== installation.local) await transport.close();
      return await readShopImage(installation.warehouse, documentsOf);
    } finally {
      place.clear();
      await installation.close();
      rmSync(home, { recursive: true, force: true });
    }
  };

  beforeAll(async () => {
    server = await startPubsub(process.env);
    if (noKafka === null) broker = await startKafka(process.env);
    if (noBigQuery === null) bigQuery = await startBigQuery(process.env);
    remote = new PubSub({ projectId: project, apiEndpoint: server.address, emulatorMode: true });
    google = openPubsubEnds({ connection: { project, emulator: server.address }, clock: realClock });
    reference = await runShop({ source: 'local', internal: 'local', documents: 'local' });
  }, 600_000);
  afterAll(async () => {
    await google.close();
    await remote.close();
    await broker?.close();
    await server.close();
    await bigQuery?.stop();
  });

  it('leave rows, summaries, failures and documents, to compare with', () => {
    expect(reference.raw).toHaveLength(messages.length);
    expect(reference.rows['shop_orders__items']).toHaveLength(expected.items);
    expect(reference.sales).toHaveLength(expected.sales.size);
    expect(reference.failures).toHaveLength(expected.failed);
    expect(reference.documents.map(({ length }) => length)).toEqual([expected.totals.size, expected.sales.size]);
  });

  it('leave the same with Pub/Sub at both ends and between the services', async () => {
    expect(await runShop({ source: 'pubsub', internal: 'pubsub', documents: 'pubsub' })).toEqual(reference);
  });

  it('leave the same with a source in Pub/Sub and the local log between the services', async () => {
    expect(await runShop({ source: 'pubsub', internal: 'local', documents: 'local' })).toEqual(reference);
  });

  it('leave the same with Pub/Sub between the services alone', async () => {
    expect(await runShop({ source: 'local', internal: 'pubsub', documents: 'local' })).toEqual(reference);
  });

  it.runIf(isStrictPubsub(process.env))(
    `leave the same with Pub/Sub everywhere when the four services, two replicas each, are killed and frozen ${blows} times (seed ${seed})`,
    async () => {
      expect(await runShop({ source: 'pubsub', internal: 'pubsub', documents: 'pubsub' }, underBlows)).toEqual(reference);
    },
    900_000,
  );

  it.skipIf(noKafka !== null)(
    `leave the same with a source in Kafka, Pub/Sub between the services, and documents in Pub/Sub${notThere(noKafka)}`,
    async () => {
      expect(await runShop({ source: 'kafka', internal: 'pubsub', documents: 'pubsub' })).toEqual(reference);
    },
  );

  it.skipIf(noKafka !== null)(`leave the same with a source in Pub/Sub and documents in Kafka${notThere(noKafka)}`, async () => {
    expect(await runShop({ source: 'pubsub', internal: 'local', documents: 'kafka' })).toEqual(reference);
  });

  it.skipIf(noBigQuery !== null)(
    `leave the same with Pub/Sub everywhere and rows in ${bigQueryName(process.env)}${notThere(noBigQuery)}`,
    async () => {
      expect(await runShop({ source: 'pubsub', internal: 'pubsub', documents: 'pubsub', rows: 'BigQuery' })).toEqual(reference);
    },
  );

  it.skipIf(noBigQuery !== null || noKafka !== null)(
    `leave the same with a source in Kafka, Pub/Sub between the services, and rows in ${bigQueryName(process.env)}${notThere(noBigQuery ?? noKafka)}`,
    async () => {
      expect(await runShop({ source: 'kafka', internal: 'pubsub', documents: 'local', rows: 'BigQuery' })).toEqual(reference);
    },
  );
});
