import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  allowOnKafka,
  describeOnKafka,
  kafkaUsers,
  readAll,
  realClock,
  serviceNames,
  startKafka,
  startService,
  whyNoOwnKafka,
  type KafkaBroker,
} from '@dsf/testing';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openWorkplace, type Workplace } from './specs/dsf-process.ts';

const reason = await whyNoOwnKafka(process.env);

/** What the settings of the internal topics come to. */
interface Way {
  readonly brokers: 'open' | 'login' | 'nowhere';
  readonly password?: 'wrong' | 'missing' | 'right';
  /** Whether the topics are there. */
  readonly isMade?: boolean;
}

const wrongPassword = 'hunter2';

describeOnKafka(reason, 'a service of its own that cannot get at Kafka', () => {
  let broker: KafkaBroker;
  let direct: KafkaTransport;
  let place: Workplace;
  let prefix = '';
  beforeAll(async () => {
    broker = await startKafka(process.env);
    direct = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
  }, 300_000);
  afterAll(async () => {
    await direct.close();
    await broker.close();
  });
  beforeEach(() => {
    prefix = `${randomUUID()}.`;
    place = openWorkplace();
  });
  afterEach(() => place.clear());

  /** A source and a publication in the local log, unless the publication is said to be elsewhere. */
  const define = async (publication = '', connections: readonly string[] = []): Promise<void> => {
    const lines = [
      ...connections,
      'sources: [{ name: shop.orders }]',
      'drivers: [{ name: by.city, inputs: [{ source: shop.orders }], key: { city: city }, measures: { orders: count } }]',
      `publications: [{ name: cities, driver: by.city${publication} }]`,
    ];
    writeFileSync(join(place.folder, 'shop.yaml'), `${lines.join('\n')}\n`);
    await place.must(['apply', 'shop.yaml']);
  };
  /** Starts it, and waits until it has ended, or has said what it waits for. @returns how it ended and what it said */
  const outcomeOf = async (name: (typeof serviceNames)[number], environment: Readonly<Record<string, string>>, waitsFor: RegExp | null) => {
    const port = { [`${name.toUpperCase()}_HTTP_PORT`]: '0', [`${name.toUpperCase()}_HTTP_HOST`]: '127.0.0.1' };
    const service = startService(name, { DSF_HOME: join(place.folder, '.dsf'), ...port, ...environment });
    if (waitsFor !== null) {
      await expect.poll(() => service.log(), { timeout: 60_000 }).toMatch(waitsFor);
      service.signal('SIGTERM');
    }
    const { code } = await service.ended;
    return { code, said: service.log() };
  };
  const addressOf = ({ brokers }: Way): string => {
    if (brokers === 'nowhere') return 'nowhere.invalid:9092';
    return brokers === 'open' ? broker.address : (broker.loginAddress ?? '');
  };
  const secretOf = ({ password }: Way): Readonly<Record<string, string>> => {
    if (password === undefined || password === 'missing') return {};
    return { KAFKA_PASSWORD: password === 'right' ? kafkaUsers.plain : wrongPassword };
  };

  const ways: readonly (readonly [string, number, Way, RegExp])[] = [
    [
      'a broker whose name means nothing',
      10,
      { brokers: 'nowhere' },
      /nowhere\.invalid.*transport\.host-unknown|transport\.host-unknown.*nowhere\.invalid/s,
    ],
    ['a password that is wrong', 11, { brokers: 'login', password: 'wrong' }, /refuses the login.*transport\.login/s],
    ['topics that are not there', 12, { brokers: 'open' }, /"\S+dsf\.\w+" does not exist.*dsf topics apply.*transport\.topic-missing/s],
    [
      'topics that the user may not use',
      13,
      { brokers: 'login', password: 'right', isMade: true },
      /may not use topic "\S+dsf\.\w+".*it needs an ACL.*transport\.denied-topic/s,
    ],
  ];

  const lostSecret: (typeof ways)[number] = [
    'a secret that is not there',
    11,
    { brokers: 'login', password: 'missing' },
    /the password is not there.*transport\.secret/s,
  ];

  it.each(ways)('ends with a message and an exit code of its own, each of the four, at %s (%i)', async (_, code, way, said) => {
    await define();
    const isWaitedFor = code === 10;
    if (way.isMade === true) for (const name of ['raw', 'points', 'summary']) await direct.ensureTopic(`${prefix}dsf.${name}`, 32);
    const password = secretOf(way)['KAFKA_PASSWORD'];
    const environment = {
      ...{ DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_KAFKA_BROKERS: addressOf(way), DSF_INTERNAL_PREFIX: prefix },
      ...(way.password === undefined ? {} : { DSF_INTERNAL_KAFKA_SASL: 'plain', DSF_INTERNAL_KAFKA_USERNAME: 'plain' }),
      ...(password === undefined ? {} : { DSF_INTERNAL_KAFKA_PASSWORD: password }),
    };
    const outcomes = await Promise.all(
      serviceNames.map(async (name) => ({ name, ...(await outcomeOf(name, environment, isWaitedFor ? said : null)) })),
    );
    for (const outcome of outcomes) {
      expect(outcome.said, outcome.name).toMatch(said);
      if (password !== undefined) expect(outcome.said, outcome.name).not.toContain(password);
      expect(outcome.code, `${outcome.name}: ${outcome.said}`).toBe(isWaitedFor ? 0 : code);
    }
  });

  it('takes a secret of the internal topics that is not there for a problem of the configuration, each of the four (2)', async () => {
    const way = { DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_KAFKA_BROKERS: broker.address, DSF_INTERNAL_KAFKA_SASL: 'plain' };
    const file = { DSF_INTERNAL_KAFKA_USERNAME: 'plain', DSF_INTERNAL_KAFKA_PASSWORD_FILE: join(place.folder, 'nowhere') };
    for (const { code, said } of await Promise.all(serviceNames.map((name) => outcomeOf(name, { ...way, ...file }, null)))) {
      expect(said).toMatch(/DSF_INTERNAL_KAFKA_PASSWORD_FILE names \S+nowhere, which cannot be read/);
      expect(code).toBe(2);
    }
  });

  it.each([...ways, lostSecret])('ends so too where it is the output of the only publication: %s (%i)', async (_, code, way, said) => {
    const isWaitedFor = code === 10;
    const topic = `${prefix}dsf.output`;
    if (way.isMade === true) await direct.ensureTopic(topic, 4);
    const sasl = '    sasl: { mechanism: plain, username_env: KAFKA_USER, password_env: KAFKA_PASSWORD }';
    await define(`, transport: kafka, connection: plant, topic: ${topic}`, [
      ...['connections:', '  - name: plant', `    brokers: ["${addressOf(way)}"]`],
      ...(way.password === undefined ? [] : [sasl]),
    ]);
    const secret = secretOf(way);
    const outcome = await outcomeOf('publisher', { KAFKA_USER: 'plain', ...secret }, isWaitedFor ? said : null);
    // The topic of a publication is no internal one: another command makes it.
    expect(outcome.said).toMatch(code === 12 ? /dsf\.output" does not exist.*kafka-topics\.sh.*transport\.topic-missing/s : said);
    for (const password of Object.values(secret)) expect(outcome.said).not.toContain(password);
    expect(outcome.code, outcome.said).toBe(isWaitedFor ? 0 : code);
  });

  /** As the user who has a login, and may do what ACLs say. */
  const internal = (): Readonly<Record<string, string>> => ({
    ...{ DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_KAFKA_BROKERS: broker.loginAddress ?? '', DSF_INTERNAL_PREFIX: prefix },
    ...{ DSF_INTERNAL_KAFKA_SASL: 'plain', DSF_INTERNAL_KAFKA_USERNAME: 'plain', DSF_INTERNAL_KAFKA_PASSWORD: kafkaUsers.plain },
  });
  const login = '    sasl: { mechanism: plain, username_env: KAFKA_USER, password_env: KAFKA_PASSWORD }';
  const plant = (): readonly string[] => ['connections:', '  - name: plant', `    brokers: ["${broker.loginAddress ?? ''}"]`, login];
  const secrets = { KAFKA_USER: 'plain', KAFKA_PASSWORD: kafkaUsers.plain };

  it('ends so where the user may use the internal topics, but be in no group, each that reads one (13)', async () => {
    await define();
    for (const name of ['raw', 'points', 'summary']) await direct.ensureTopic(`${prefix}dsf.${name}`, 32);
    await allowOnKafka(broker.address, 'plain', { topics: prefix });
    const readers = ['flattener', 'summariser', 'publisher'] as const;
    for (const { code, said } of await Promise.all(readers.map((name) => outcomeOf(name, internal(), null)))) {
      expect(said).toMatch(/may not be a member of group "\S+dsf\.\w+".*it needs an ACL to read the group.*transport\.denied-group/s);
      expect(said).not.toContain(kafkaUsers.plain);
      expect(code, said).toBe(13);
    }
  });

  it('ends so where the user may read a source, but be in no group (13)', async () => {
    const topic = `${prefix}orders`;
    await direct.ensureTopic(topic, 1);
    await allowOnKafka(broker.address, 'plain', { topics: topic });
    const source = `sources: [{ name: shop.orders, transport: kafka, connection: plant, topic: ${topic} }]`;
    writeFileSync(join(place.folder, 'shop.yaml'), `${[...plant(), source].join('\n')}\n`);
    await place.must(['apply', 'shop.yaml']);
    const { code, said } = await outcomeOf('ingestor', secrets, null);
    expect(said).toMatch(/may not be a member of group ".*transport\.denied-group/s);
    expect(code, said).toBe(13);
  });

  it('ends so where the user may write the output of the only publication, but not in transactions, and names the way out (13)', async () => {
    const topic = `${prefix}dsf.output`;
    await direct.ensureTopic(topic, 4);
    await allowOnKafka(broker.address, 'plain', { topics: topic });
    const publication = `, transport: kafka, connection: plant, topic: ${topic}`;
    await define(publication, plant());
    const { code, said } = await outcomeOf('publisher', secrets, null);
    expect(said).toMatch(/may not use the transactional id \S+ in Kafka.*transactional: false.*transport\.denied-transaction/s);
    expect(said).not.toContain(kafkaUsers.plain);
    expect(code, said).toBe(13);
    // With the ACL, or without transactions, it is ready.
    await define(`${publication}, transactional: false`, plant());
    const ready = await outcomeOf('publisher', secrets, /"state":"ready"/);
    expect(ready.said).not.toContain('denied');
    expect(ready.code, ready.said).toBe(0);
  });

  describe('the commands for the internal topics', () => {
    const topicsAs = async (...args: readonly string[]) => {
      place.clear();
      place = openWorkplace(internal());
      await define();
      return place.dsf(['topics', ...args]);
    };

    it('name the topic that the user may not see (13)', async () => {
      const { code, stderr } = await topicsAs('apply');
      expect(stderr).toMatch(/may not use topic "\S+dsf\.raw".*it needs an ACL.*transport\.denied-topic/s);
      expect(code).toBe(13);
    });

    it('name the topic that the user may not make, and what the ACL must allow (13)', async () => {
      await allowOnKafka(broker.address, 'plain', { topics: prefix, operations: ['DESCRIBE'] });
      const { code, stderr } = await topicsAs('apply');
      expect(stderr).toMatch(/may not make topic "\S+dsf\.raw".*it needs an ACL for Create on it.*transport\.denied-topic/s);
      expect(stderr).not.toContain(kafkaUsers.plain);
      expect(code).toBe(13);
    });

    it('name the topic whose settings the user may not read (13)', async () => {
      for (const name of ['raw', 'points', 'summary']) await direct.ensureTopic(`${prefix}dsf.${name}`, 32);
      await allowOnKafka(broker.address, 'plain', { topics: prefix, operations: ['DESCRIBE', 'READ', 'WRITE'] });
      const { code, stderr } = await topicsAs('plan');
      expect(stderr).toMatch(/may not read the settings of topic "\S+dsf\.raw".*an ACL for DescribeConfigs.*transport\.denied-topic/s);
      expect(code).toBe(13);
    });
  });

  it('makes and mends the internal topics with the ACLs that the documentation names for that', async () => {
    await direct.ensureTopic(`${prefix}dsf.raw`, 2);
    const operations = ['CREATE', 'ALTER', 'ALTER_CONFIGS', 'DESCRIBE', 'DESCRIBE_CONFIGS'] as const;
    await allowOnKafka(broker.address, 'plain', { topics: `${prefix}dsf.`, operations });
    place.clear();
    place = openWorkplace(internal());
    await define();
    await place.must(['topics', 'apply']);
    expect((await place.must(['topics', 'plan'])).match(/^= /gm)).toHaveLength(3);
  });

  it('does with the ACLs that the documentation names, behind a prefix, which do not include the settings of topics', async () => {
    const [source, output] = [`${prefix}orders`, `${prefix}cities`];
    await direct.ensureTopic(source, 1);
    await direct.ensureTopic(output, 4);
    for (const name of ['raw', 'points', 'summary']) await direct.ensureTopic(`${prefix}dsf.${name}`, 32);
    await allowOnKafka(broker.address, 'plain', { topics: `${prefix}orders`, operations: ['DESCRIBE', 'READ'] });
    await allowOnKafka(broker.address, 'plain', { topics: output, operations: ['DESCRIBE', 'WRITE'] });
    await allowOnKafka(broker.address, 'plain', { topics: `${prefix}dsf.`, operations: ['DESCRIBE', 'READ', 'WRITE'] });
    await allowOnKafka(broker.address, 'plain', { groups: `${prefix}dsf.`, operations: ['READ'] });
    await allowOnKafka(broker.address, 'plain', { transactions: `${prefix}dsf.publish.`, operations: ['DESCRIBE', 'WRITE'] });
    place.clear();
    place = openWorkplace({ ...internal(), ...secrets });
    const lines = [
      ...plant(),
      `sources: [{ name: shop.orders, transport: kafka, connection: plant, topic: ${source} }]`,
      'drivers: [{ name: by.city, inputs: [{ source: shop.orders }], key: { city: city }, measures: { orders: count } }]',
      `publications: [{ name: cities, driver: by.city, transport: kafka, connection: plant, topic: ${output} }]`,
    ];
    writeFileSync(join(place.folder, 'shop.yaml'), `${lines.join('\n')}\n`);
    await place.must(['apply', 'shop.yaml']);
    const body = new TextEncoder().encode('{"city":"ulm"}');
    await direct.send(
      source,
      [0, 0].map((partition) => ({ partition, key: null, headers: [], body })),
    );
    await place.must(['run', '--until-idle']);
    const [document] = await readAll(direct, output);
    expect(new TextDecoder().decode(document?.body ?? new Uint8Array())).toMatch(/"orders":"2"/);
  });
});
