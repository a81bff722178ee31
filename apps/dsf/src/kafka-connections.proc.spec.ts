import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  allowOnKafka,
  certificateFiles,
  describeOnKafka,
  kafkaUsers,
  readGroupMembers,
  realClock,
  startKafka,
  startService,
  whyNoCertificates,
  whyNoOwnKafka,
  type KafkaBroker,
} from '@dsf/testing';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Workplace } from './specs/dsf-process.ts';

const noBroker = await whyNoOwnKafka(process.env);
const noCertificates = noBroker ?? whyNoCertificates();

it.for(noBroker === null && noCertificates !== null ? [noCertificates] : [])('services show Kafka a certificate', (why, { skip }) => {
  expect(why).not.toBe('');
  skip(why);
});

/** One way into the cluster, for a user who may do what ACLs say. */
interface Way {
  readonly user: string;
  readonly brokers: string;
  /** Fields of the connection, in definitions. */
  readonly fields: string;
  /** Of the internal topics, without what all variables begin with. */
  readonly internal: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A token that nobody has signed (RFC 7515, A.5), for ten minutes. */
const tokenOf = (user: string): string => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'none' })}.${part({ sub: user, iat: now - 100, exp: now + 600 })}.`;
};

const orders = [1, 2, 3].map((id) => `{"id":${id}}`);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describeOnKafka(noBroker, 'services get in as definitions and environment say', () => {
  let broker: KafkaBroker;
  let direct: KafkaTransport;
  let place: Workplace;
  let prefix = '';
  let [shops, services]: [Workplace[], ReturnType<typeof startService>[]] = [[], []];
  beforeAll(async () => {
    broker = await startKafka(process.env, { secure: noCertificates === null });
    direct = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
  }, 300_000);
  afterAll(async () => {
    await direct.close();
    await broker.close();
  });
  beforeEach(() => {
    prefix = `${randomUUID()}.`;
    place = openWorkplace();
    [shops, services] = [[], []];
  });
  const endAll = async (): Promise<void> => {
    for (const { signal } of services) signal('SIGTERM');
    await Promise.all(services.map(({ ended }) => ended));
  };
  afterEach(async () => {
    await endAll();
    for (const { clear } of [place, ...shops]) clear();
  });

  /** A secret as it is mounted, with the line break that editors leave. @returns where it is */
  const mounted = (name: string, secret: string): string => {
    const path = join(place.folder, name);
    writeFileSync(path, `${secret}\n`);
    return path;
  };
  const environmentOf = ({ internal, brokers, environment }: Way): Readonly<Record<string, string>> => ({
    ...{ DSF_HOME: join(place.folder, '.dsf'), DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_PREFIX: prefix },
    ...Object.fromEntries(Object.entries({ BROKERS: brokers, ...internal }).map(([name, value]) => [`DSF_INTERNAL_KAFKA_${name}`, value])),
    ...environment,
  });

  const sendOrders = (bodies: readonly string[]): Promise<void> =>
    direct.send(
      `${prefix}orders`,
      bodies.map((body) => ({ partition: 0, key: null, headers: [], body: bytes(body) })),
    );
  const apply = async (shop: Workplace, { brokers, fields }: Way): Promise<void> => {
    const lines = [
      'settings: { lanes: 2 }',
      `connections: [{ name: plant, brokers: ["${brokers}"], ${fields} }]`,
      `sources: [{ name: shop.orders, transport: kafka, connection: plant, topic: ${prefix}orders }]`,
    ];
    writeFileSync(join(shop.folder, 'shop.yaml'), `${lines.join('\n')}\n`);
    await shop.must(['apply', 'shop.yaml']);
  };

  /** Three orders in a topic that the user may read, and a source of it; the internal topics are made as that user. */
  const openShop = async (way: Way): Promise<Workplace> => {
    await direct.ensureTopic(`${prefix}orders`, 1);
    await sendOrders(orders);
    await allowOnKafka(broker.address, way.user, { topics: prefix, groups: prefix });
    const shop = openWorkplace(environmentOf(way));
    shops.push(shop);
    await apply(shop, way);
    await shop.must(['topics', 'apply']);
    return shop;
  };
  const start = (name: 'ingestor' | 'flattener', way: Way) => {
    const port = { [`${name.toUpperCase()}_HTTP_PORT`]: '0', [`${name.toUpperCase()}_HTTP_HOST`]: '127.0.0.1' };
    const service = startService(name, { ...environmentOf(way), ...port });
    services.push(service);
    return service;
  };
  const expectGoodEnd = async (): Promise<void> => {
    await endAll();
    for (const { ended, log } of services) expect((await ended).code, log()).toBe(0);
  };

  /** By a source and its raw rows, and by rows that went through dsf.raw, each under the name that the connection has for itself. */
  const expectUseOf = async (way: Way): Promise<void> => {
    const shop = await openShop(way);
    const column = async (sql: string) => jsonLines(await shop.must(['query', sql, '--json'])).map(({ it }) => it);
    for (const name of ['ingestor', 'flattener'] as const) start(name, way);
    const ids = (): Promise<readonly unknown[]> => column('SELECT id it FROM shop_orders ORDER BY id').catch(() => []);
    await expect.poll(ids, { timeout: 60_000, interval: 300 }).toEqual([1, 2, 3]);
    expect(await column('SELECT CAST(payload AS TEXT) it FROM dsf_raw ORDER BY _dsf_off')).toEqual(orders);
    expect(await readGroupMembers(broker.address, `${prefix}dsf.ingest.shop.orders`)).toEqual(['shop-source']);
    expect(await readGroupMembers(broker.address, `${prefix}dsf.flatten`)).toEqual(['shop-inside']);
    await expectGoodEnd();
  };

  it.skipIf(noCertificates !== null)('with a certificate of the client', async () => {
    const { secure } = broker;
    if (secure === null) throw new Error('unreachable: asked for');
    const file = (name: keyof typeof certificateFiles): string => join(secure.certificates, certificateFiles[name]);
    const [ca, certificate, key] = [file('ca'), file('client'), file('clientKey')];
    await expectUseOf({
      user: 'CN=client',
      brokers: secure.known,
      fields: `client_id: shop-source, tls: { ca_file: ${ca}, cert_file: ${certificate}, key_file: ${key} }`,
      internal: { CLIENT_ID: 'shop-inside', TLS: 'true', TLS_CA: ca, TLS_CERT: certificate, TLS_KEY: key },
    });
  });

  it('with SCRAM-SHA-512', async () => {
    const password = mounted('password', kafkaUsers.scram);
    await expectUseOf({
      user: 'scram',
      brokers: broker.loginAddress ?? '',
      fields: `client_id: shop-source, sasl: { mechanism: scram-sha-512, username_env: KAFKA_USER, password_file: ${password} }`,
      internal: { CLIENT_ID: 'shop-inside', SASL: 'scram-sha-512', USERNAME_FILE: mounted('user', 'scram'), PASSWORD: kafkaUsers.scram },
      environment: { KAFKA_USER: 'scram' },
    });
  });

  const bearer = (file: string): Way => ({
    user: 'bearer',
    brokers: broker.loginAddress ?? '',
    fields: `client_id: shop-source, sasl: { mechanism: oauthbearer, token_file: ${file} }`,
    internal: { CLIENT_ID: 'shop-inside', SASL: 'oauthbearer', TOKEN: tokenOf('bearer') },
  });

  it('with OAUTHBEARER', async () => {
    await expectUseOf(bearer(mounted('token', tokenOf('bearer'))));
  });

  it('and as a new version says while they run', async () => {
    const way = { user: 'ANONYMOUS', brokers: broker.address, fields: 'client_id: before', internal: {} };
    const shop = await openShop(way);
    start('ingestor', way);
    const callThemselves = () => readGroupMembers(broker.address, `${prefix}dsf.ingest.shop.orders`);
    await expect.poll(callThemselves, { timeout: 30_000, interval: 200 }).toEqual(['before']);
    await apply(shop, { ...way, fields: 'client_id: after' });
    await expect.poll(callThemselves, { timeout: 30_000, interval: 200 }).toEqual(['after']);
    await sendOrders(['{"id":4}']);
    const raw = () => shop.must(['query', 'SELECT count(*) n FROM dsf_raw', '--json']);
    await expect.poll(raw, { timeout: 30_000, interval: 300 }).toContain('4');
    await expectGoodEnd();
  });

  it('but end, and name the file, where the token is not there (11)', async () => {
    const way = bearer(join(place.folder, 'no-token'));
    await openShop(way);
    const ingestor = start('ingestor', way);
    const { code } = await ingestor.ended;
    expect(ingestor.log()).toMatch(/connection plant: the token is not there.*no-token.*transport\.secret/s);
    expect(code, ingestor.log()).toBe(11);
  });
});
