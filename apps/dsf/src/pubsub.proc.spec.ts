import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseInternal } from '@dsf/config';
import { PubSub } from '@google-cloud/pubsub';
import {
  activateAll,
  expectShopTables,
  expectShopTotals,
  fleetEnvironment,
  isStrictPubsub,
  readAll,
  sendShop,
  shopDefinitions,
  shopStream,
  startPubsub,
  untilIdle,
  whyNoPubsub,
  withFleet,
  type PubsubServer,
  type ShopExpectation,
  type ShopMessage,
} from '@dsf/testing';
import { openInstallation, readStatus } from '@dsf/wiring';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openWorkplace, type Workplace } from './specs/dsf-process.ts';

/** Chaos of the short form; `DSF_TEST_PUBSUB_BLOWS=100` runs a long one. */
const blows = Number(process.env['DSF_TEST_PUBSUB_BLOWS'] ?? 4);
/** What takes minutes runs on demand: `npm run test:pubsub`. */
const isLong = process.env['DSF_TEST_PUBSUB_LONG'] === 'true';
const seed = Number(process.env['DSF_TEST_SEED'] ?? 20_260_101);
const reason = whyNoPubsub(process.env);
/** Why there are no kills, for the test's name. */
const notStrict = isStrictPubsub(process.env)
  ? ''
  : ': not on Google’s emulator, which gives the keys of a killed client to nobody (npm run test:pubsub)';

/** A new installation whose internal topics are on Pub/Sub, where they are not made yet; orders and totals are in the local log. */
const openPubsubShop = async (address: string) => {
  const home = mkdtempSync(join(tmpdir(), 'dsf-pubsub-services-'));
  const prefix = `t-${randomUUID()}.`;
  const environment: Readonly<Record<string, string>> = {
    DSF_INTERNAL_TRANSPORT: 'pubsub',
    DSF_INTERNAL_PREFIX: prefix,
    PUBSUB_EMULATOR_HOST: address,
    ...fleetEnvironment(home),
  };
  const installation = await openInstallation({ home, environment, internal: parseInternal(environment) });
  await activateAll(installation.metadata, shopDefinitions);
  const local = installation.local;
  const [input, output] = ['shop.orders', 'shop.totals'];
  await local.ensureTopic(input, 4);
  await local.ensureTopic(output, 4);
  return {
    ...{ installation, prefix, environment },
    feed: (messages: readonly ShopMessage[], pauseMs: number) => sendShop(local, input, { messages, pauseMs }),
    /** Until the summariser has had so many points. */
    untilSummarised: async (points: number, limitMs: number): Promise<void> => {
      const deadline = Date.now() + limitMs;
      for (;;) {
        const { sources } = await readStatus(installation);
        const written = sources.flatMap(({ phases }) => phases).find(({ phase }) => phase === 'summarise')?.written ?? 0;
        if (written >= points) return;
        if (Date.now() > deadline) throw new Error(`${written} points after ${limitMs} ms`);
        await delay(100);
      }
    },
    untilIdle: (limitMs: number): Promise<void> => untilIdle(() => readStatus(installation), limitMs),
    expectAll: async (messages: readonly ShopMessage[], expected: ShopExpectation): Promise<void> => {
      await expectShopTables(installation.warehouse, messages, expected);
      expectShopTotals(await readAll(local, output), expected);
    },
    close: async (): Promise<void> => {
      await installation.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
};

// One line in the counts says why nothing of this ran.
it.for(reason === null ? [] : [reason])('the four services work between topics of Pub/Sub', (why, { skip }) => {
  expect(why).not.toBe('');
  skip(why);
});

describe.skipIf(reason !== null)('four services whose own topics are on Pub/Sub', () => {
  let server: PubsubServer;
  let shop: Awaited<ReturnType<typeof openPubsubShop>>;
  let place: Workplace;
  let remote: PubSub;

  beforeAll(async () => {
    server = await startPubsub(process.env);
  }, 300_000);
  afterAll(() => server.close());
  beforeEach(async () => {
    shop = await openPubsubShop(server.address);
    place = openWorkplace(shop.environment);
    remote = new PubSub({ projectId: 'dsf-emulator', apiEndpoint: server.address, emulatorMode: true });
  });
  afterEach(async () => {
    place.clear();
    await shop.close();
    await remote.close();
  });

  it.runIf(isStrictPubsub(process.env))(
    `bring every message to tables, summaries and documents when they are killed and frozen ${blows} times, two replicas each (seed ${seed})${notStrict}`,
    async () => {
      await place.must(['topics', 'apply']);
      const { messages, expected } = shopStream(seed, 100 * blows);
      await withFleet({ environment: shop.environment, replicas: 2 }, async (fleet) => {
        // Beyond the deadline of an acknowledgement (20 s) a frozen process becomes a zombie with its memory.
        await Promise.all([shop.feed(messages, 300), fleet.chaos({ seed, blows, pauseMsMax: 1500, freezeMsMax: isLong ? 30_000 : 5000 })]);
        await shop.untilIdle(180_000);
      });
      await shop.expectAll(messages, expected);
    },
    900_000,
  );

  it('have their topics and subscriptions made by a command, which says first what it would do', async () => {
    const { code, stderr } = await place.dsf(['run', '--until-idle']);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${shop.prefix}dsf.`);
    expect(stderr).toContain('dsf topics apply');
    expect(stderr).toContain('transport.topic-missing');

    const plan = await place.must(['topics', 'plan']);
    expect(plan).toContain(`+ ${shop.prefix}dsf.raw  retention 7 days, read by dsf.flatten: in order, no dead letters, never expires`);
    await place.must(['topics', 'apply']);
    expect((await place.must(['topics', 'plan'])).match(/^= /gm)).toHaveLength(3);

    const { messages, expected } = shopStream(seed, 200);
    await shop.feed(messages, 0);
    await place.must(['run', '--until-idle']);
    await shop.expectAll(messages, expected);
  });

  it('refuse a subscription that would lose the order of lanes, or put messages aside, and say what to do', async () => {
    await place.must(['topics', 'apply']);
    const name = `${shop.prefix}dsf.raw.dsf.flatten`;
    await remote.subscription(name).delete();
    const missing = await place.dsf(['run', '--until-idle']);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toMatch(/subscription .*dsf\.flatten.*does not exist.*dsf topics apply/s);

    await remote.topic(`${shop.prefix}dsf.raw`).createSubscription(name, {});
    const unfit = await place.dsf(['run', '--until-idle']);
    expect(unfit.code).not.toBe(0);
    expect(unfit.stderr).toMatch(/NOT in order.*delete it.*transport\.subscription-unfit/s);
    expect(await place.must(['topics', 'plan'])).toMatch(/~ \S+dsf\.raw {2}read by dsf\.flatten NOT in order.* → in order/);

    await remote.subscription(name).delete();
    await place.must(['topics', 'apply']);
    const { messages, expected } = shopStream(seed, 50);
    await shop.feed(messages, 0);
    await place.must(['run', '--until-idle']);
    await shop.expectAll(messages, expected);
  });

  describe.runIf(isLong)('on demand, by npm run test:pubsub', () => {
    it('go on by themselves when Pub/Sub does not answer for a while', async () => {
      await place.must(['topics', 'apply']);
      const { messages, expected } = shopStream(seed, 600);
      await withFleet({ environment: shop.environment, replicas: 1 }, async () => {
        await shop.feed(messages.slice(0, 300), 20);
        server.signal('SIGSTOP');
        await delay(25_000);
        server.signal('SIGCONT');
        await shop.feed(messages.slice(300), 20);
        await shop.untilIdle(120_000);
      });
      await shop.expectAll(messages, expected);
    }, 400_000);

    it('refill what was in dsf.points when it is deleted and made again in the middle of a run', async () => {
      await place.must(['topics', 'apply']);
      const { messages, expected } = shopStream(seed, 2000);
      await withFleet({ environment: shop.environment, replicas: 1 }, async () => {
        // Services that are only starting would say that the topic is not there, and end.
        await shop.feed(messages.slice(0, 500), 0);
        await shop.untilSummarised(100, 60_000);
        const feeding = shop.feed(messages.slice(500), 100);
        await remote.topic(`${shop.prefix}dsf.points`).delete();
        await remote.subscription(`${shop.prefix}dsf.points.dsf.summarise`).delete();
        await delay(1500);
        await place.must(['topics', 'apply']);
        await feeding;
        await shop.untilIdle(120_000);
      });
      await shop.expectAll(messages, expected);
    }, 400_000);
  });
});
