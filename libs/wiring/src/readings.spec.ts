import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCatalog, definitionsSchema } from '@dsf/metadata';
import type { PhaseName, Position, RawRow } from '@dsf/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInstallation, type Installation } from './installation.ts';
import { createReadings } from './readings.ts';

let home = '';
let now = 1_000_000;
let opened: Installation;
let installation: Installation;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'dsf-readings-'));
  now = 1_000_000;
  opened = await openInstallation({ home });
  installation = { ...opened, clock: { now: () => now, sleep: async () => undefined } };
  const definitions = definitionsSchema.parse({ settings: { lanes: 1 }, sources: [{ name: 'orders', partitions: 2 }] });
  await installation.metadata.activate({ definitions, comment: '', now: 1, check: buildCatalog });
  await installation.local.ensureTopic('orders', 2);
});
afterEach(async () => {
  await opened.close();
  rmSync(home, { recursive: true, force: true });
});

const counters = { written: 0, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 };

const rawRow = (partition: number, offset: number, ingestedAt: number): RawRow => ({
  ...{ source: 1, partition, offset, time: 5, timeType: 'append', ingestedAt, key: null, headers: [] },
  ...{ payload: new Uint8Array([123, 125]), topic: 'orders', sha256: new Uint8Array(32) },
});

const stand = async (phase: PhaseName, position: Partial<Position>, rows: readonly RawRow[] = []): Promise<void> => {
  const partition = position.partition ?? 0;
  const lane = { phase, source: phase === 'ingest' ? 1 : 0, lane: phase === 'ingest' ? partition : 0 };
  const { seq } = await installation.warehouse.loadLane(lane);
  await installation.warehouse.transact(lane, seq, async (transaction) => {
    if (rows.length > 0) await transaction.writeRaw(rows);
    await transaction.writePositions([
      { source: 1, partition, next: 0, start: 0, time: null, idle: false, version: 1, counters, ...position },
    ]);
  });
};

const send = (partition: number, count: number): Promise<void> =>
  installation.local.send(
    'orders',
    Array.from({ length: count }, () => ({ partition, key: null, headers: [], body: new Uint8Array([123, 125]) })),
  );

const read = async (phase: PhaseName, readings = createReadings(installation, [phase])) => (await readings()).sources[0];

describe('lag', () => {
  it('is the most over the partitions, the backlog their sum', async () => {
    await send(0, 3);
    await send(1, 5);
    await stand('ingest', { partition: 0, next: 1 });
    expect(await read('ingest')).toMatchObject({ phase: 'ingest', source: 'orders', lagRecords: 5, backlog: 7 });
  });

  it('in seconds is the age of the newest record that was dealt with', async () => {
    await stand('ingest', { next: 9, time: now - 1000 });
    await stand('flatten', { next: 4, time: now - 60_000 });
    expect(await read('flatten')).toMatchObject({ lagRecords: 5, lagSeconds: 60 });
  });

  it('is 0 when there is nothing left, however old the last record is', async () => {
    await stand('ingest', { next: 4, time: 1 });
    await stand('flatten', { next: 4, time: 1 });
    expect(await read('flatten')).toMatchObject({ lagRecords: 0, backlog: 0, lagSeconds: 0, oldestSeconds: 0 });
  });

  it('does not begin at hours when the first record comes after a quiet night', async () => {
    const readings = createReadings(installation, ['flatten']);
    await stand('ingest', { next: 4, time: 1 });
    await stand('flatten', { next: 4, time: 1 });
    now += 8 * 3_600_000;
    expect(await read('flatten', readings)).toMatchObject({ lagSeconds: 0 });
    now += 15_000;
    await stand('ingest', { next: 5, time: now });
    expect(await read('flatten', readings)).toMatchObject({ lagRecords: 1, lagSeconds: 15 });
  });
});

it('tells how long the oldest record waits, since it was ingested', async () => {
  await stand('ingest', { next: 3 }, [rawRow(0, 0, now - 90_000), rawRow(0, 1, now - 30_000), rawRow(0, 2, now)]);
  await stand('flatten', { next: 1, time: now - 500_000 });
  expect(await read('flatten')).toMatchObject({ oldestSeconds: 30 });
});

describe('the difference of the positions', () => {
  it('is 0 when every offset has become something', async () => {
    await stand('ingest', { start: 10, next: 20, counters: { ...counters, written: 6, failed: 1, filtered: 1, absent: 2 } });
    expect(await read('ingest')).toMatchObject({ difference: 0 });
  });

  it('shows what is missing, and what was counted twice', async () => {
    await stand('ingest', { partition: 0, next: 10, counters: { ...counters, written: 9 } });
    expect(await read('ingest')).toMatchObject({ difference: 1 });
    await stand('ingest', { partition: 1, next: 10, counters: { ...counters, written: 13 } });
    expect(await read('ingest')).toMatchObject({ difference: -2 });
  });
});
