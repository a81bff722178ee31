import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  describeOnKafka,
  kafkaUsers,
  readAll,
  realClock,
  startKafka,
  startService,
  whyNoKafka,
  whyNoOwnKafka,
  type KafkaBroker,
} from '@dsf/testing';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Running, type Workplace } from './specs/dsf-process.ts';

/** What of a connection is not as it should be. */
interface Wrong {
  readonly brokers?: string;
  readonly topic?: string;
  readonly sasl?: 'wrong' | 'unset' | 'right';
}

const reason = await whyNoKafka(process.env);
const noOwn = await whyNoOwnKafka(process.env);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const order = (partition: number, id: number, more = '') => ({
  partition,
  key: bytes(`k${id}`),
  headers: [],
  body: bytes(`{"id":${id},"city":"c${id % 2}"${more}}`),
});

describeOnKafka(reason, 'sources and publications in Kafka', () => {
  let broker: KafkaBroker;
  let direct: KafkaTransport;
  let place: Workplace;
  let topic = '';
  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());
  beforeEach(() => {
    topic = `orders-${randomUUID()}`;
    direct = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
    place = openWorkplace();
  });
  afterEach(async () => {
    place.clear();
    await direct.close();
  });

  const apply = async (yaml: readonly string[]): Promise<void> => {
    const folder = join(place.folder, 'definitions');
    mkdirSync(folder, { recursive: true });
    const connections = ['connections:', '  - name: plant', `    brokers: ["${broker.address}"]`];
    writeFileSync(join(folder, 'shop.yaml'), [...connections, ...yaml, ''].join('\n'));
    await place.must(['apply', folder]);
  };
  const source = (more: string): readonly string[] => [
    'sources:',
    `  - { name: shop.orders, transport: kafka, connection: plant, topic: ${topic}${more} }`,
  ];
  const ids = async (): Promise<readonly unknown[]> =>
    jsonLines(await place.must(['query', 'SELECT id FROM shop_orders ORDER BY id', '--json'])).map(({ id }) => id);
  const untilIds = async (running: Running, wanted: number): Promise<void> => {
    await expect.poll(async () => (await ids()).length, { timeout: 60_000, interval: 300 }).toBe(wanted);
    expect(running.child.exitCode).toBeNull();
  };
  const end = async ({ child, ended }: Running): Promise<void> => {
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
  };

  it('start at given offsets, and stop where an offset is not there', async () => {
    await direct.ensureTopic(topic, 3);
    for (const partition of [0, 1, 2])
      await direct.send(
        topic,
        [0, 1, 2, 3].map((id) => order(partition, partition * 10 + id)),
      );
    await apply(source(', start: "0:2,1:3"'));
    await place.must(['run', '--until-idle']);
    expect(await ids()).toEqual([2, 3, 13, 20, 21, 22, 23]);
    await apply([...source(', start: "0:99"').map((line) => line.replace('shop.orders', 'other.orders'))]);
    const { code, stderr } = await place.dsf(['run', '--until-idle']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/offset 99.*ingest\.start-offset/s);
  });

  it('read partitions that are added while they run from their beginning, also when they started at the latest', async () => {
    await direct.ensureTopic(topic, 1);
    await direct.send(topic, [order(0, 1)]);
    await apply(source(', start: latest'));
    const running = place.start('run');
    await expect
      .poll(async () => place.must(['query', "SELECT count(*) n FROM dsf_position WHERE phase = 'ingest'", '--json']), { timeout: 60_000 })
      .toContain('1');
    await direct.growTopic(topic, 3);
    await direct.send(topic, [order(0, 10), order(1, 11), order(2, 12)]);
    await untilIds(running, 3);
    expect(await ids()).toEqual([10, 11, 12]);
    await end(running);
  }, 180_000);

  it('are idle where a partition ends in the mark of a transaction', async () => {
    await direct.ensureTopic(topic, 2);
    const writer = await direct.openWriter(topic, topic);
    await writer.send(topic, [order(0, 1)]);
    await apply(source(''));
    await place.must(['run', '--until-idle']);
    expect(await ids()).toEqual([1]);
    // What comes behind the marks joins on.
    await writer.send(topic, [order(0, 3), order(1, 4)]);
    await place.must(['run', '--until-idle']);
    expect(await ids()).toEqual([1, 3, 4]);
    // Nor does whoever looks at the topic wait for a message in the place of a mark.
    const shown = await place.must(['consume', 'shop.orders', '--from-beginning', '--until-end']);
    expect(shown.match(/"id":/g)).toHaveLength(3);
  }, 120_000);

  it('keep the time that the broker gave, and say so, where the topic has it from the broker', async () => {
    await direct.admin.create({ topic, partitions: 1, replicas: 1, settings: { 'message.timestamp.type': 'LogAppendTime' } });
    const ofProducer = `${topic}-create`;
    await direct.ensureTopic(ofProducer, 1);
    const producer = new kafkajs.Kafka({ brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING }).producer();
    await producer.connect();
    const messages = [{ partition: 0, value: '{"id":1}', timestamp: '1000000000000' }];
    const before = Date.now();
    for (const name of [topic, ofProducer]) await producer.send({ topic: name, messages });
    const after = Date.now();
    await producer.disconnect();
    await apply([...source(''), `  - { name: shop.others, transport: kafka, connection: plant, topic: ${ofProducer} }`]);
    await place.must(['run', '--until-idle']);
    const rows = jsonLines(await place.must(['query', 'SELECT time_type, time FROM dsf_raw ORDER BY time', '--json']));
    expect(rows.map((row) => row['time_type'])).toEqual(['create', 'append']);
    const [create, append] = rows.map(({ time }) => Number(time));
    expect(create).toBe(1_000_000_000_000);
    expect(append).toBeGreaterThanOrEqual(before);
    expect(append).toBeLessThanOrEqual(after);
  });

  it('take a message of 10 MB and its neighbours', async () => {
    await direct.admin.create({ topic, partitions: 1, replicas: 1, settings: { 'max.message.bytes': '12000000' } });
    await direct.ensureTopic(topic, 1);
    await direct.send(topic, [order(0, 1)]);
    await direct.send(topic, [order(0, 2, `,"text":"${'x'.repeat(10_000_000)}"`)]);
    await direct.send(topic, [order(0, 3)]);
    await apply(source(''));
    await place.must(['run', '--until-idle']);
    const [row] = jsonLines(await place.must(['query', 'SELECT length(text) n FROM shop_orders WHERE id = 2', '--json']));
    expect(row).toEqual({ n: 10_000_000 });
    expect(await ids()).toEqual([1, 2, 3]);
  }, 120_000);

  const shop = (publications: readonly string[]): readonly string[] => [
    ...source(''),
    'drivers:',
    '  - { name: by.city, inputs: [{ source: shop.orders }], key: { city: city }, measures: { orders: count } }',
    'publications:',
    ...publications.map((line) => `  - { driver: by.city, transport: kafka, ${line} }`),
  ];

  const wrongs: readonly (readonly [string, number, Wrong, RegExp])[] = [
    ['a broker whose name means nothing', 10, { brokers: 'nowhere.invalid:9092' }, /nowhere\.invalid.*transport\.host-unknown/s],
    ['a password that is wrong', 11, { sasl: 'wrong' }, /refuses the login.*transport\.login/s],
    ['a secret that is not set', 11, { sasl: 'unset' }, /NOT_SET.*transport\.secret/s],
    ['a topic that is not there', 12, { topic: 'nowhere' }, /"nowhere" does not exist.*transport\.topic-missing/s],
    ['a topic that the user may not read', 13, { sasl: 'right' }, /may not use topic "orders-.*it needs an ACL.*transport\.denied-topic/s],
  ];

  it.for(wrongs)('end with a message and an exit code of its own at %s (%i)', async ([, code, wrong, said], { skip }) => {
    if (wrong.sasl !== undefined && noOwn !== null) skip(noOwn);
    await direct.ensureTopic(topic, 1);
    const brokers = wrong.brokers ?? (wrong.sasl === undefined ? broker.address : (broker.loginAddress ?? ''));
    const password = wrong.sasl === 'unset' ? 'NOT_SET' : 'KAFKA_PASSWORD';
    const sasl = wrong.sasl === undefined ? [] : [`    sasl: { mechanism: plain, username_env: KAFKA_USER, password_env: ${password} }`];
    const secret = wrong.sasl === 'right' ? kafkaUsers.plain : 'hunter2';
    place.clear();
    place = openWorkplace({ KAFKA_USER: 'plain', KAFKA_PASSWORD: secret });
    const connection = ['connections:', '  - name: plant', `    brokers: ["${brokers}"]`, ...sasl];
    const from = ['sources:', `  - { name: shop.orders, transport: kafka, connection: plant, topic: ${wrong.topic ?? topic} }`];
    writeFileSync(join(place.folder, 'wrong.yaml'), `${[...connection, ...from].join('\n')}\n`);
    await place.must(['apply', 'wrong.yaml']);
    const ended = await place.dsf(['run', '--until-idle']);
    expect(ended.stderr).toMatch(said);
    expect(ended.stderr + ended.stdout).not.toContain(secret);
    expect(ended.code).toBe(code);
    // The service of its own says the same; only what may mend itself, such as a name, it waits for.
    const environment = { DSF_HOME: join(place.folder, '.dsf'), KAFKA_USER: 'plain', KAFKA_PASSWORD: secret };
    const service = startService('ingestor', { ...environment, INGESTOR_HTTP_PORT: '0', INGESTOR_HTTP_HOST: '127.0.0.1' });
    if (code === 10) {
      await expect.poll(() => service.log(), { timeout: 60_000 }).toMatch(/transport\.host-unknown/);
      service.signal('SIGTERM');
    }
    expect((await service.ended).code).toBe(code === 10 ? 0 : code);
    expect(service.log()).toMatch(said);
    expect(service.log()).not.toContain(secret);
  });

  it('publish to the topics that are right when one has too few partitions, and say which', async () => {
    const [good, small] = [`good-${topic}`, `small-${topic}`];
    await direct.ensureTopic(topic, 2);
    await direct.ensureTopic(good, 4);
    await direct.ensureTopic(small, 1);
    await direct.send(topic, [order(0, 1), order(1, 2), order(0, 3)]);
    await apply(shop([`name: small, connection: plant, topic: ${small}`, `name: good, connection: plant, topic: ${good}`]));
    const running = place.start('run');
    await running.saying('transport.partitions');
    await expect.poll(async () => (await readAll(direct, good)).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
    expect(running.child.exitCode).toBeNull();
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(12);
    const { code, stderr } = await place.dsf(['run', '--until-idle']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/small.*has 1 partitions, 4 are needed/s);
    // Mended while nothing runs: what it missed is read from the state.
    await direct.growTopic(small, 4);
    await place.must(['run', '--until-idle']);
    const cities = new Set((await readAll(direct, small)).map(({ key }) => new TextDecoder().decode(key ?? new Uint8Array())));
    expect(cities.size).toBe(2);
  }, 180_000);

  it('go on with one cluster while another is away, and then catch up there', async ({ skip }) => {
    if (noOwn !== null) skip(noOwn);
    const other = await startKafka(process.env);
    const there = openKafkaTransport({ connection: { brokers: [other.address] }, clock: realClock });
    const [near, far] = [`near-${topic}`, `far-${topic}`];
    await direct.ensureTopic(topic, 2);
    await direct.ensureTopic(near, 4);
    await there.ensureTopic(far, 4);
    await there.ensureTopic(topic, 1);
    await apply([
      '  - name: abroad',
      `    brokers: ["${other.address}"]`,
      ...shop([`name: far, connection: abroad, topic: ${far}`, `name: near, connection: plant, topic: ${near}`]),
    ]);
    const running = place.start('run');
    await direct.send(topic, [order(0, 1)]);
    await expect.poll(async () => (await readAll(there, far)).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(1);
    await other.kill();
    await direct.send(topic, [order(0, 2)]);
    await expect.poll(async () => (await readAll(direct, near)).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
    await other.restart();
    await expect.poll(async () => (await readAll(there, far)).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
    await end(running);
    await there.close();
    await other.close();
  }, 240_000);
});
