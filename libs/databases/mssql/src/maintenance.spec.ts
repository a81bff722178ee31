import type { RecordFailure, Warehouse } from '@dsf/ports';
import { describeOnMssql, freshMssqlSchema } from '@dsf/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { guideStatements } from './guide-statements.ts';
import { liveSchema } from './live-schema.ts';
import { openMssqlWarehouse } from './warehouse.ts';

// A server far away, or slow, is no failure.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const day = 24 * 3_600_000;
const at = (days: number): number => Date.now() - days * day;

const failure = (offset: number): RecordFailure => ({
  ...{ phase: 'flatten', source: 1, partition: 0, offset, scope: '', code: 'flatten.not-json' },
  ...{ path: null, detail: 'no', version: 1 },
});

describeOnMssql(process.env, (server) => {
  const live = liveSchema(server, freshMssqlSchema);
  const lane = { phase: 'flatten', source: 0, lane: 0 } as const;
  let warehouse: Warehouse;
  beforeEach(async () => {
    warehouse = await openMssqlWarehouse(live().config);
  });
  afterEach(() => warehouse.close());

  const run = (statements: string): Promise<readonly (readonly unknown[])[]> =>
    live().schema.sql(statements.replaceAll(/\bdsf_(config|state)\b/g, `[${live().schema.name}_$1]`));
  const ask = (offset: number, now: number): Promise<void> =>
    warehouse.request([{ lane, body: { kind: 'replay', source: 1, partition: 0, offset } }], now);
  const resolve = async (offset: number, now: number): Promise<void> => {
    const { seq } = await warehouse.loadLane(lane);
    await warehouse.transact(lane, seq, async (transaction) => {
      await transaction.resolveFailures('flatten', { source: 1, partition: 0, offset }, '', now);
      const requests = await transaction.readRequests(lane, 10);
      const mine = requests.filter(({ body }) => body.kind === 'replay' && body.offset === offset);
      await transaction.closeRequests(
        mine.map(({ id }) => id),
        now,
      );
    });
  };
  const refuse = async (offsets: readonly number[], now: number): Promise<void> => {
    const { seq } = await warehouse.loadLane(lane);
    await warehouse.transact(lane, seq, (transaction) => transaction.writeFailures(offsets.map(failure), now));
  };
  const failuresNow = async () =>
    (await warehouse.inspect.failures({ max: 100 })).map(({ offset, status, attempts }) => ({ offset, status, attempts }));
  const requestsNow = () => run(`SELECT CASE WHEN [closed_at] IS NULL THEN 'open' ELSE 'closed' END FROM dsf_state.request ORDER BY [id]`);

  it('what the guide gives a DBA to remove is old and done with; what is open, or was needed lately, stays, and all works on', async () => {
    await refuse([0, 1, 2, 3], at(90));
    for (const offset of [0, 1, 2]) await ask(offset, at(80));
    await resolve(0, at(60));
    await resolve(1, at(1));
    const old = `DATEADD(DAY, -60, SYSDATETIMEOFFSET())`;
    await run(
      `INSERT INTO dsf_config.activation ([comment], [answered_at], [outcome]) VALUES (N'first', ${old}, 'valid'), (N'last', ${old}, 'valid'); INSERT INTO dsf_config.activation ([comment], [asked_at]) VALUES (N'waiting', ${old})`,
    );
    await live().schema.sql(guideStatements('DELETE TOP', live().schema.name));
    expect(await failuresNow()).toEqual([
      { offset: 1, status: 'resolved', attempts: 1 },
      { offset: 2, status: 'replaying', attempts: 1 },
      { offset: 3, status: 'open', attempts: 1 },
    ]);
    expect(await requestsNow()).toEqual([['closed'], ['open']]);
    expect(await run(`SELECT [comment] FROM dsf_config.activation ORDER BY [id]`)).toEqual([['last'], ['waiting']]);

    expect(await warehouse.committed.readNeeded({ source: 1, partition: 0 })).toBe(2);
    await refuse([0, 1], at(0));
    expect(await failuresNow()).toContainEqual({ offset: 0, status: 'open', attempts: 1 });
    expect(await failuresNow()).toContainEqual({ offset: 1, status: 'open', attempts: 2 });
    await ask(0, at(0));
    await resolve(0, at(0));
    expect(await failuresNow()).toContainEqual({ offset: 0, status: 'resolved', attempts: 1 });
    expect(await requestsNow()).toEqual([['closed'], ['open'], ['closed']]);
  });
});
