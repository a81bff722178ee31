import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBigQueryEmulator, warehouseContract, whyNoBigQuery, type BigQueryEmulator } from '@dsf/testing';
import { afterAll, beforeAll, describe } from 'vitest';
import { openDatabase } from './open-database.ts';

const why = whyNoBigQuery(process.env);

describe.skipIf(why !== null)('rows in BigQuery (an emulator) and state in SQLite', () => {
  const home = mkdtempSync(join(tmpdir(), 'dsf-bigquery-'));
  let emulator: BigQueryEmulator;
  beforeAll(async () => {
    emulator = await startBigQueryEmulator();
  }, 200_000);
  afterAll(async () => {
    await emulator.stop();
    rmSync(home, { recursive: true, force: true });
  });

  warehouseContract(
    'rows in BigQuery and state in SQLite',
    async () => {
      const { metadata, warehouse } = await openDatabase({ home, environment: emulator.environment });
      return {
        ...warehouse,
        async close() {
          await warehouse.close();
          await metadata.close();
        },
      };
    },
    ['one transaction', 'columns of the same name'],
  );
});
