import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pointsPhase } from '@dsf/phase-points';
import { summarisePhase } from '@dsf/phase-summarise';
import { foldsContract, startBigQueryEmulator, whyNoBigQuery, type BigQueryEmulator } from '@dsf/testing';
import { openInstallation } from '@dsf/wiring';
import { afterAll, beforeAll, describe } from 'vitest';

const why = whyNoBigQuery(process.env);

describe.skipIf(why !== null)(`rows in BigQuery (an emulator)${why === null ? '' : `: ${why}`}`, () => {
  const home = mkdtempSync(join(tmpdir(), 'dsf-bigquery-'));
  let emulator: BigQueryEmulator;
  beforeAll(async () => {
    emulator = await startBigQueryEmulator();
  }, 200_000);
  afterAll(async () => {
    await emulator.stop();
    rmSync(home, { recursive: true, force: true });
  });

  foldsContract(
    'BigQuery',
    async () => {
      const installation = await openInstallation({ home, environment: emulator.environment });
      return { ...installation.warehouse, close: () => installation.close() };
    },
    { points: pointsPhase, summarise: summarisePhase, runs: 8 },
  );
});
