import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  activateAll,
  expectShopTables,
  expectShopTotals,
  fleetEnvironment,
  readAll,
  sendShop,
  shopDefinitions,
  shopStream,
  untilIdle,
  withFleet,
} from '@dsf/testing';
import { openInstallation, readStatus, type Installation } from '@dsf/wiring';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorkplace, type Workplace } from './specs/dsf-process.ts';

/** Operators' commands against services that run as processes of their own. */

const seed = 20_260_102;
let place: Workplace;
let installation: Installation;
const home = (): string => join(place.folder, '.dsf');

const environment = () => fleetEnvironment(home());

const open = async (): Promise<void> => {
  installation = await openInstallation({ home: home() });
};

beforeEach(async () => {
  place = openWorkplace();
  await open();
  await activateAll(installation.metadata, shopDefinitions);
  await installation.local.ensureTopic('shop.orders', 4);
});

afterEach(async () => {
  await installation.close();
  place.clear();
});

const idle = (): Promise<void> => untilIdle(() => readStatus(installation), 300_000);

const { messages, expected } = shopStream(seed, 2000);
const feed = (from: number, to: number, pauseMs: number): Promise<void> =>
  sendShop(installation.local, 'shop.orders', { messages: messages.slice(from, to), pauseMs });

const expectAll = async (): Promise<void> => {
  await expectShopTables(installation.warehouse, messages, expected);
  expectShopTotals(await readAll(installation.local, 'shop.totals'), expected);
};

describe('dsf topics resize', () => {
  it('changes the number of lanes under load, goes on when it was killed, and loses and doubles nothing', async () => {
    await withFleet({ environment: environment(), replicas: 2 }, async () => {
      const feeding = feed(0, messages.length, 50);
      await delay(500);
      for (const lanes of ['7', '2']) {
        const killed = place.start('topics', 'resize', '--lanes', lanes);
        await killed.saying('waits for').catch(() => undefined);
        killed.child.kill('SIGKILL');
        await killed.ended;
        const other = await place.dsf(['topics', 'resize', '--lanes', '9']);
        if (other.code !== 0) expect(other.stderr).toContain(`a resize to ${lanes} lanes is under way`);
        await place.must(['topics', 'resize', '--lanes', lanes]);
        const version = await installation.metadata.currentVersion();
        expect((await installation.metadata.loadVersion(version)).definitions.settings.lanes).toBe(Number(lanes));
      }
      await feeding;
      await idle();
    });
    await expectAll();
  }, 600_000);
});

describe('dsf recover', () => {
  it('goes on with an older database: nothing is lost or doubled, and consumers end with what the database has', async () => {
    const run = (work: () => Promise<void>) => withFleet({ environment: environment(), replicas: 1 }, work);
    await run(async () => {
      await feed(0, 700, 0);
      await idle();
    });
    await installation.close();
    copyFileSync(join(home(), 'dsf.db'), join(place.folder, 'backup.db'));
    await open();
    await run(async () => {
      await feed(700, 1500, 0);
      await idle();
    });
    await installation.close();
    for (const suffix of ['-wal', '-shm']) rmSync(join(home(), `dsf.db${suffix}`), { force: true });
    copyFileSync(join(place.folder, 'backup.db'), join(home(), 'dsf.db'));
    await open();
    const { seq } = JSON.parse(await place.must(['recover', '--json'])) as { readonly seq: number };
    expect(seq).toBeGreaterThan(1e15);
    expect(Number.isSafeInteger(seq)).toBe(true);
    await run(async () => {
      await feed(1500, messages.length, 0);
      await idle();
    });
    await expectAll();
  }, 600_000);
});
