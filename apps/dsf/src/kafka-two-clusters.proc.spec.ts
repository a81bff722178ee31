import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnKafka, realClock, startKafka, whyNoOwnKafka, type KafkaBroker } from '@dsf/testing';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Running, type Workplace } from './specs/dsf-process.ts';

const reason = await whyNoOwnKafka(process.env);

interface Cluster {
  readonly broker: KafkaBroker;
  readonly direct: KafkaTransport;
}

const openCluster = async (): Promise<Cluster> => {
  const broker = await startKafka(process.env);
  return { broker, direct: openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock }) };
};
const closeCluster = async ({ broker, direct }: Cluster): Promise<void> => {
  await direct.close();
  await broker.close();
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The same topic in both: what tells the sources apart is the cluster. */
const topic = 'orders';

describeOnKafka(reason, 'sources on two clusters', () => {
  let near: Cluster;
  let far: Cluster;
  let place: Workplace;
  let running: Running;
  beforeAll(async () => {
    near = await openCluster();
    far = await openCluster();
  }, 300_000);
  afterAll(async () => {
    await closeCluster(near);
    await closeCluster(far);
  });
  beforeEach(async () => {
    place = openWorkplace();
    const lines = [
      'settings: { lanes: 2 }',
      'connections:',
      `  - { name: near, brokers: ["${near.broker.address}"] }`,
      `  - { name: far, brokers: ["${far.broker.address}"] }`,
      'sources:',
      `  - { name: near.orders, transport: kafka, connection: near, topic: ${topic} }`,
      `  - { name: far.orders, transport: kafka, connection: far, topic: ${topic} }`,
      'drivers:',
      '  - name: by.city',
      '    inputs: [{ source: near.orders }, { source: far.orders }]',
      '    key: { city: city }',
      '    measures: { orders: count, total: sum(total) }',
    ];
    writeFileSync(join(place.folder, 'shop.yaml'), `${lines.join('\n')}\n`);
    for (const { direct } of [near, far]) await direct.ensureTopic(topic, 2);
    await place.must(['apply', 'shop.yaml']);
    running = place.start('run');
  });
  afterEach(async () => {
    running.child.kill('SIGTERM');
    await running.ended;
    place.clear();
  });

  const send = ({ direct }: Cluster, ids: readonly number[]): Promise<void> =>
    direct.send(
      topic,
      ids.map((id) => ({ partition: id % 2, key: bytes(`k${id}`), headers: [], body: bytes(`{"id":${id},"city":"c","total":0.1}`) })),
    );
  const end = async (): Promise<void> => {
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0 });
  };
  const rows = async (sql: string) => jsonLines(await place.must(['query', sql, '--json']));
  const idsOf = async (table: string): Promise<readonly unknown[]> =>
    (await rows(`SELECT id FROM ${table} ORDER BY id`).catch(() => [])).map(({ id }) => id);
  const untilIds = async (table: string, wanted: readonly number[]): Promise<void> => {
    await expect.poll(() => idsOf(table), { timeout: 60_000, interval: 300 }).toEqual(wanted);
    expect(running.child.exitCode).toBeNull();
  };
  const untilTotals = (wanted: Readonly<Record<string, unknown>>): Promise<void> =>
    expect.poll(() => rows('SELECT orders, total FROM by_city').catch(() => []), { timeout: 60_000, interval: 300 }).toEqual([wanted]);

  it('are counted together; while one cluster is away the other’s go on, and what it has goes in when it is back', async () => {
    await send(near, [1, 2, 3]);
    await send(far, [11, 12]);
    await untilIds('near_orders', [1, 2, 3]);
    await untilIds('far_orders', [11, 12]);
    await untilTotals({ orders: 5, total: '0.5' });

    await far.broker.kill();
    await send(near, [4, 5]);
    await untilIds('near_orders', [1, 2, 3, 4, 5]);
    await untilTotals({ orders: 7, total: '0.7' });

    // Neither an end nor a start waits for the cluster that is away.
    await end();
    running = place.start('run');
    await send(near, [6]);
    await untilIds('near_orders', [1, 2, 3, 4, 5, 6]);
    await untilTotals({ orders: 8, total: '0.8' });

    await far.broker.restart();
    await send(far, [13, 14, 15]);
    await untilIds('far_orders', [11, 12, 13, 14, 15]);
    await untilTotals({ orders: 11, total: '1.1' });
    // Each order is there once, under the source of its own cluster.
    expect(await rows('SELECT _dsf_src source, count(*) n FROM dsf_raw GROUP BY _dsf_src ORDER BY 1')).toEqual([
      { source: 1, n: 6 },
      { source: 2, n: 5 },
    ]);
    await end();
  }, 300_000);
});
