import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { flatTables, rawColumns } from './floor-rows.ts';
import { runFloor } from './floor.ts';
import { fillHome, inFolder } from './home.ts';
import { runPhases } from './phases.ts';
import { makeStream } from './reference-stream.ts';

const records = 300;

/** Rows without the times at which they were made, which differ from run to run. */
const rowsOf = (file: string, table: string, columns: readonly string[]): readonly unknown[] => {
  const database = new DatabaseSync(file, { readOnly: true });
  const timeless = columns.filter((name) => !['time', 'ingested_at', '_dsf_time', '_dsf_ingested_at'].includes(name));
  const rows = database.prepare(`SELECT ${timeless.join()} FROM ${table} ORDER BY 1, 2, 3, 4`).all();
  database.close();
  return rows;
};

const runProduct = async (home: string): Promise<void> => {
  await fillHome(home, makeStream(records).messages);
  const stop = new AbortController();
  await runPhases(
    { kind: 'phases', phases: ['ingest', 'flatten'], home, workers: 1 },
    (report) => {
      if (report.kind === 'progress' && report.counts.flatten?.received === records) stop.abort();
    },
    stop,
  );
};

it('writes the very rows that the product writes', () =>
  inFolder(async (folder) => {
    const home = join(folder, 'home');
    await runProduct(home);
    const product = join(home, 'dsf.db');
    const floor = join(folder, 'floor');
    mkdirSync(floor);
    runFloor({ kind: 'floor', floor: 'whole', records, like: product, folder: floor });
    for (const { name, columns } of [{ name: 'dsf_raw', columns: rawColumns }, ...flatTables]) {
      const rows = rowsOf(join(floor, 'floor.db'), name, columns);
      expect(rows.length, name).toBeGreaterThan(records / 3);
      expect(rows, name).toEqual(rowsOf(product, name, columns));
    }
  }));
