import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnKafka, freePorts, startFleet, startKafka, whyNoKafka, type KafkaBroker } from '@dsf/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Workplace } from './specs/dsf-process.ts';

const reason = await whyNoKafka(process.env);

/**
 * Time that the measure takes for each record, so that a first batch takes longer than the session of 10 s. With batches that are not bounded
 * by time the two summarisers took the lanes from each other 35 times.
 */
const msPerRecord = 12;
const records = 6000;

/** A sum that computes for a while and lets nothing else happen meanwhile; not where its laws are tried, on times long ago. */
const measures = `
const compute = () => { for (const end = performance.now() + ${msPerRecord}; performance.now() < end; ); };
export const measures = {
  slow_sum: {
    zero: '0',
    lift: (amount, { time }) => {
      if (time > 1_000_000) compute();
      return String(BigInt(Math.trunc(Number(amount?.n ?? 0))));
    },
    combine: (a, b) => String(BigInt(a) + BigInt(b)),
    lower: (state) => ({ n: state }),
  },
};
`;

const definitions = `settings: { lanes: 2 }
sources: [{ name: orders }]
drivers:
  - name: by_key
    inputs: [{ source: orders }]
    key: { key: key }
    measures: { orders: count, total: { function: slow_sum, of: amount, type: bigint } }
`;

describeOnKafka(reason, 'summarising in Kafka that computes for longer than a session', () => {
  let broker: KafkaBroker;
  let place: Workplace;
  let environment: Readonly<Record<string, string>>;
  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());
  beforeEach(() => {
    environment = {
      ...{ DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_KAFKA_BROKERS: broker.address, DSF_INTERNAL_PREFIX: `${randomUUID()}.` },
      ...freePorts,
      DSF_LOG_LEVEL: 'info',
    };
    place = openWorkplace({ ...environment, DSF_MEASURES: 'measures.mjs' });
    writeFileSync(join(place.folder, 'measures.mjs'), measures);
    writeFileSync(join(place.folder, 'pipeline.yaml'), definitions);
  });
  afterEach(() => place.clear());

  it('is cut into batches that leave room for the heartbeat, and counts every record once', async () => {
    await place.must(['apply', 'pipeline.yaml']);
    await place.must(['topics', 'apply']);
    const lines = Array.from({ length: records }, (_, id) => JSON.stringify({ key: `k${id % 100}`, amount: id }));
    await place.must(['produce', 'orders'], lines.join('\n'));
    const own = { summariser: { DSF_MEASURES: join(place.folder, 'measures.mjs') } };
    const fleet = startFleet({ environment: { ...environment, DSF_HOME: join(place.folder, '.dsf') }, replicas: 2, own });
    const counted = async (): Promise<unknown> =>
      jsonLines(await place.must(['query', 'SELECT coalesce(sum(orders), 0) n FROM by_key', '--json']).catch(() => '{"n":-1}'))[0]?.['n'];
    try {
      await expect.poll(counted, { timeout: 400_000, interval: 2000 }).toBe(records);
      expect(fleet.casualties()).toEqual([]);
    } finally {
      await fleet.stop();
    }
    const [sums] = jsonLines(await place.must(['query', 'SELECT sum(orders) n, sum(CAST(total AS integer)) s FROM by_key', '--json']));
    expect(sums).toEqual({ n: records, s: (records * (records - 1)) / 2 });
    // Each lane once or twice while the group gathers, and again after first batches whose length nobody knew; never after that.
    const takeovers = fleet.logs().match(/summarise lane \S+ taken over/g) ?? [];
    expect(takeovers.length, fleet.logs()).toBeLessThanOrEqual(12);
  });
});
