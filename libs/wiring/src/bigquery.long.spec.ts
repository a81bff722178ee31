import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bigQueryName, startBigQuery, warehouseContract, whyNoBigQuery, type BigQueryServer } from '@dsf/testing';
import { afterAll, beforeAll, describe } from 'vitest';
import { openDatabase } from './open-database.ts';

const why = whyNoBigQuery(process.env);

const isService = (process.env['DSF_TEST_GCP_PROJECT'] ?? '') !== '';

describe.skipIf(why !== null)(`rows in ${bigQueryName(process.env)} and state in SQLite`, () => {
  const home = mkdtempSync(join(tmpdir(), 'dsf-bigquery-'));
  let server: BigQueryServer;
  /** One dataset for all handles. */
  let environment: Readonly<Record<string, string>>;
  beforeAll(async () => {
    server = await startBigQuery(process.env);
    environment = await server.fresh();
  }, 200_000);
  afterAll(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  warehouseContract(
    'rows in BigQuery and state in SQLite',
    async () => {
      const { metadata, warehouse } = await openDatabase({ home, environment });
      return {
        ...warehouse,
        async close() {
          await warehouse.close();
          await metadata.close();
        },
      };
    },
    // BigQuery deletes nothing that was appended within the last half hour.
    ['one transaction', 'columns of the same name', ...(isService ? (['deletion of fresh rows'] as const) : [])],
  );
});
