import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bigQueryName, startBigQuery, whyNoBigQuery } from '@dsf/testing';
import { expect, it } from 'vitest';
import { openDatabase } from './open-database.ts';

const why = whyNoBigQuery(process.env);

// One line in the counts of `npm test` says why nothing ran against a BigQuery; `npm run test:bigquery` runs bigquery.long.spec.ts and its sisters.
it.skipIf(why !== null)(
  `rows go to ${bigQueryName(process.env)} and come back${why === null ? '' : `: ${why}`}`,
  { timeout: 300_000 },
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'dsf-bigquery-'));
    const server = await startBigQuery(process.env);
    const { metadata, warehouse } = await openDatabase({ home, environment: await server.fresh() });
    const payload = Uint8Array.of(0, 255, 128);
    await warehouse.transact({ phase: 'ingest', source: 1, lane: 0 }, 0, (transaction) =>
      transaction.writeRaw([
        {
          ...{ source: 1, partition: 0, offset: 7, time: 1_700_000_000_000, timeType: 'create', ingestedAt: 1_700_000_000_500 },
          ...{ key: null, headers: [], payload, topic: 'orders', sha256: new Uint8Array(32) },
        },
      ]),
    );
    const [row] = await warehouse.committed.readRaw({ source: 1, partition: 0, from: 0, to: 10 }, 10);
    expect(row).toMatchObject({ offset: 7, payload });
    await warehouse.close();
    await metadata.close();
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  },
);
