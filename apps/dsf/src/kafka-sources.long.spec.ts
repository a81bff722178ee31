import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnKafka, realClock, startKafka, startService, whyNoOwnKafka, type KafkaBroker } from '@dsf/testing';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Workplace } from './specs/dsf-process.ts';

const reason = await whyNoOwnKafka(process.env);

describeOnKafka(reason, 'sources in Kafka', () => {
  let broker: KafkaBroker;
  let direct: KafkaTransport;
  let place: Workplace;
  let topic = '';
  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());
  beforeEach(async () => {
    topic = `orders-${randomUUID()}`;
    direct = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
    place = openWorkplace();
    await direct.ensureTopic(topic, 1);
    await define('');
  });
  afterEach(async () => {
    place.clear();
    await direct.close();
  });

  const define = async (more: string): Promise<void> => {
    const connection = ['connections:', `  - { name: plant, brokers: ["${broker.address}"] }`];
    const source = ['sources:', `  - { name: shop.orders, transport: kafka, connection: plant, topic: ${topic}${more} }`];
    writeFileSync(join(place.folder, 'shop.yaml'), `${[...connection, ...source].join('\n')}\n`);
    await place.must(['apply', 'shop.yaml']);
  };
  const send = (...ids: readonly number[]): Promise<void> =>
    direct.send(
      topic,
      ids.map((id) => ({ partition: 0, key: null, headers: [], body: new TextEncoder().encode(`{"id":${id}}`) })),
    );
  const ids = async (): Promise<readonly unknown[]> =>
    jsonLines(await place.must(['query', 'SELECT id FROM shop_orders ORDER BY id', '--json'])).map(({ id }) => id);
  const run = () => place.must(['run', '--until-idle']);

  it('wait for a broker that is down when they start, say so, and go on by themselves', async () => {
    await send(1, 2);
    await broker.kill();
    const running = place.start('run');
    const service = startService('ingestor', {
      ...{ DSF_HOME: join(place.folder, 'other'), INGESTOR_HTTP_PORT: '0' },
      ...{ DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_KAFKA_BROKERS: broker.address },
    });
    await running.saying(broker.address);
    await broker.restart();
    await expect.poll(() => ids().catch(() => []), { timeout: 120_000, interval: 500 }).toEqual([1, 2]);
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0 });
    service.signal('SIGTERM');
    expect(await service.ended, service.log()).toEqual({ code: 0, signal: null });
  });

  it('go on at their own position, wherever their group is said to stand', async () => {
    await send(1, 2, 3);
    await run();
    await send(4, 5);
    const admin = new kafkajs.Kafka({ brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    const { groups } = await admin.listGroups();
    const own: string[] = [];
    for (const { groupId } of groups.filter((group) => group.groupId.startsWith('dsf.ingest.'))) {
      const [known] = await admin.fetchOffsets({ groupId, topics: [topic] });
      if (known?.partitions.some(({ offset }) => Number(offset) > 0)) own.push(groupId);
    }
    expect(own).toHaveLength(1);
    await admin.setOffsets({ groupId: own[0] ?? '', topic, partitions: [{ partition: 0, offset: '5' }] });
    await admin.disconnect();
    await run();
    expect(await ids()).toEqual([1, 2, 3, 4, 5]);
  });

  it('begin at a time, which is resolved once: what comes later changes nothing of it', async () => {
    await send(1, 2);
    const time = Date.now() + 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await send(3);
    await define(`, start: "${new Date(time).toISOString()}"`);
    await run();
    expect(await ids()).toEqual([3]);
    await define(', start: earliest');
    await send(4);
    await run();
    expect(await ids()).toEqual([3, 4]);
  });

  it('report offsets that were removed before they were read, and go on behind them', async () => {
    await send(1, 2);
    await run();
    await send(3, 4, 5, 6);
    await direct.trim(topic, 0, 4);
    await run();
    expect(await ids()).toEqual([1, 2, 5, 6]);
    const failures = jsonLines(await place.must(['query', 'SELECT code, detail FROM dsf_failure', '--json']));
    expect(failures).toEqual([expect.objectContaining({ code: 'ingest.lost-range' })]);
    expect(String(failures[0]?.['detail'])).toMatch(/offsets 2 to 3 \(2\)/);
  });

  const makeAnew = async (): Promise<void> => {
    await direct.admin.remove(topic);
    await expect
      .poll(() => direct.ensureTopic(topic, 1).then(() => direct.bounds(topic, 0)), { timeout: 60_000 })
      .toMatchObject({ start: 0, end: 0 });
  };

  it('stop at a topic that was made anew behind their back, while they run', async () => {
    await send(1, 2, 3);
    const running = place.start('run');
    await expect.poll(() => ids().catch(() => []), { timeout: 60_000, interval: 300 }).toEqual([1, 2, 3]);
    // Shorter than the session: they keep their partition and do not look again where they stand.
    running.child.kill('SIGSTOP');
    await makeAnew();
    await send(7, 8, 9, 10, 11);
    running.child.kill('SIGCONT');
    const { code, stderr } = await running.ended;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/was deleted and made anew.*Offsets mean other records now.*ingest\.source-changed/s);
    expect(await ids()).toEqual([1, 2, 3]);
  });

  it.each([
    ['with fewer messages than before', [7]],
    ['with as many', [7, 8, 9]],
    ['with more', [7, 8, 9, 10]],
    ['with the same', [1, 2, 3]],
  ])('stop at a topic that was made anew, %s, and take nothing from it', async (_, again) => {
    await send(1, 2, 3);
    await run();
    await makeAnew();
    await send(...again);
    const { code, stderr } = await place.dsf(['run', '--until-idle']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/Offsets mean other records now.*ingest\.source-changed/s);
    expect(await ids()).toEqual([1, 2, 3]);
  });
});
