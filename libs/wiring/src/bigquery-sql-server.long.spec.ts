import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bigQueryName,
  describeOnMssql,
  freshMssqlSchema,
  mssqlLacks,
  mssqlTestServer,
  mssqlVariables,
  startBigQuery,
  warehouseContract,
  whyNoBigQuery,
  type BigQueryServer,
  type MssqlTestSchema,
} from '@dsf/testing';
import { afterAll, beforeAll, describe } from 'vitest';
import { databaseMigrations, openDatabase } from './open-database.ts';

const why = whyNoBigQuery(process.env);

const named = mssqlTestServer(process.env);
const lacks = named === null || why !== null ? [] : await mssqlLacks(named);
const isService = (process.env['DSF_TEST_GCP_PROJECT'] ?? '') !== '';

describe.skipIf(why !== null)(`rows in ${bigQueryName(process.env)} and state in SQL Server`, () => {
  describeOnMssql(process.env, (server) => {
    const home = mkdtempSync(join(tmpdir(), 'dsf-bigquery-'));
    let bigQuery: BigQueryServer;
    let schema: MssqlTestSchema;
    let environment: Readonly<Record<string, string>>;
    beforeAll(async () => {
      bigQuery = await startBigQuery(process.env);
      schema = await freshMssqlSchema(server);
      environment = { ...(await bigQuery.fresh()), ...mssqlVariables(server, schema.name) };
      await (await databaseMigrations(environment)).apply();
    }, 300_000);
    afterAll(async () => {
      await schema.discard();
      await bigQuery.stop();
      rmSync(home, { recursive: true, force: true });
    }, 120_000);

    warehouseContract(
      'rows in BigQuery and state in SQL Server',
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
      [...lacks, 'one transaction', 'columns of the same name', ...(isService ? (['deletion of fresh rows'] as const) : [])],
    );
  });
});
