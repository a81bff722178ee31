import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCatalog, definitionsSchema } from '@dsf/metadata';
import { Failure, type LaneKey, type Position } from '@dsf/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInstallation, type Installation } from './installation.ts';
import { readStatus } from './status.ts';

const driver = (name: string) => ({ name, inputs: [{ source: 'orders' }], key: {}, measures: { n: 'count' } });
const summarise: LaneKey = { phase: 'summarise', source: 0, lane: 0 };
const publish: LaneKey = { phase: 'publish', source: 0, lane: 0 };

let home = '';
let installation: Installation;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'dsf-status-'));
  installation = await openInstallation({ home });
});
afterEach(async () => {
  await installation.close();
  rmSync(home, { recursive: true, force: true });
});

/** Two drivers of one source, one publication. */
const activate = async (published: string): Promise<number> => {
  const definitions = definitionsSchema.parse({
    settings: { lanes: 1 },
    sources: [{ name: 'orders' }],
    drivers: [driver('first'), driver('second')],
    publications: [{ name: 'feed', driver: published }],
  });
  const activation = await installation.metadata.activate({ definitions, comment: '', now: 1, check: buildCatalog });
  return activation.kind === 'refused' ? 0 : activation.version;
};

const turn = async (lane: LaneKey, position: Partial<Position> | null, live: readonly string[] = []): Promise<void> => {
  const { seq } = await installation.warehouse.loadLane(lane);
  const counters = { written: 0, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 };
  await installation.warehouse.transact(lane, seq, async (transaction) => {
    for (const instance of live) await transaction.setInstanceLive(lane.lane, instance, true);
    if (position !== null)
      await transaction.writePositions([
        { source: 1, partition: 0, next: 0, start: 0, time: null, idle: false, version: 1, counters, ...position },
      ]);
  });
};

/** Lanes that have done everything that version `version` asks for. */
const settle = async (version: number): Promise<void> => {
  const { catalog } = buildCatalog(await installation.metadata.loadVersion(version), version);
  const drivers = catalog?.drivers ?? [];
  await installation.warehouse.ensureSummaryTables(drivers);
  await turn(
    summarise,
    null,
    drivers.map(({ instance }) => instance),
  );
  await turn(publish, { version, next: (await installation.warehouse.loadLane(summarise)).seq + 1 });
};

describe('the status', () => {
  it('is idle when every phase has had what the phase before has', async () => {
    await settle(await activate('first'));
    expect(await readStatus(installation)).toMatchObject({ version: 1, idle: true });
  });

  it('is not idle before a publication was looked at whose driver is another, live one now', async () => {
    await settle(await activate('first'));
    const version = await activate('second');
    expect(await readStatus(installation)).toMatchObject({ version: 2, idle: false, idleThrough: { summarise: true, publish: false } });
    await turn(publish, { version, next: (await installation.warehouse.loadLane(summarise)).seq + 1 });
    expect((await readStatus(installation)).idle).toBe(true);
  });

  it('is not idle while messages wait in a partition that nobody has claimed', async () => {
    await settle(await activate('first'));
    const local = installation.local;
    await local.ensureTopic('orders', 4);
    await local.send('orders', [{ partition: 3, key: null, headers: [], body: null }]);
    expect((await readStatus(installation)).idleThrough.ingest).toBe(false);
  });

  it('is not idle while a topic ends before the place up to which it was read: it is another one now', async () => {
    await settle(await activate('first'));
    const local = installation.local;
    await local.ensureTopic('orders', 1);
    const read = async (next: number): Promise<boolean> => {
      await turn({ phase: 'ingest', source: 1, lane: 0 }, { next, start: 0 });
      return (await readStatus(installation)).idleThrough.ingest;
    };
    expect(await read(0)).toBe(true);
    expect(await read(3)).toBe(false);
  });

  it('does not take a broker that cannot be asked for one that has nothing', async () => {
    await settle(await activate('first'));
    const away = new Failure('retry', 'transport.busy', 'others hold the file');
    const local = { ...installation.local, partitionCount: () => Promise.reject(away) };
    await expect(readStatus({ ...installation, transport: () => Promise.resolve(local) })).rejects.toBe(away);
  });

  it('does not call a version idle that this binary does not understand', async () => {
    await activate('first');
    const metadata = {
      ...installation.metadata,
      loadVersion: async () => ({ ...(await installation.metadata.loadVersion(1)), sourceIds: {} }),
    };
    await expect(readStatus({ ...installation, metadata })).rejects.toMatchObject({ kind: 'fatal', code: 'catalog.unreadable' });
  });
});
