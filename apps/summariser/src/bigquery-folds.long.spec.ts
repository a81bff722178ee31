import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pointsPhase } from '@dsf/phase-points';
import { summarisePhase } from '@dsf/phase-summarise';
import { bigQueryName, foldsContract, startBigQuery, whyNoBigQuery, type BigQueryServer } from '@dsf/testing';
import { openInstallation } from '@dsf/wiring';
import { afterAll, beforeAll, describe } from 'vitest';

const why = whyNoBigQuery(process.env);

describe.skipIf(why !== null)(`rows in ${bigQueryName(process.env)}${why === null ? '' : `: ${why}`}`, () => {
  const home = mkdtempSync(join(tmpdir(), 'dsf-bigquery-'));
  let server: BigQueryServer;
  beforeAll(async () => {
    server = await startBigQuery(process.env);
  }, 200_000);
  afterAll(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  foldsContract(
    'BigQuery',
    async () => {
      const installation = await openInstallation({ home, environment: await server.fresh() });
      return { ...installation.warehouse, close: () => installation.close() };
    },
    { points: pointsPhase, summarise: summarisePhase, runs: 5 },
  );
});
