import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseInternal, type Environment } from '@dsf/config';
import { buildCatalog, freshSnapshot, parseDefinitions, type CatalogSource } from '@dsf/metadata';
import type { KafkaConnection } from '@dsf/transport-kafka';
import { afterAll, describe, expect, it } from 'vitest';
import { openInstallation } from './installation.ts';
import { internalKafkaConnection } from './internal-kafka.ts';
import { kafkaConnection } from './kafka-connection.ts';

const folder = mkdtempSync(join(tmpdir(), 'dsf-kafka-connection-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A secret as it is mounted. @returns where it is */
const mounted = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const nowhere = join(folder, 'nowhere');

/** Sources of definitions that are sound. */
const sourcesOf = (text: string): readonly CatalogSource[] => {
  const { definitions, problems } = parseDefinitions([{ name: 'dsf.yaml', text }]);
  if (definitions === null) throw new Error(JSON.stringify(problems));
  const { catalog, problems: more } = buildCatalog(freshSnapshot(null, definitions), 1);
  if (catalog === null) throw new Error(JSON.stringify(more));
  return catalog.sources;
};
const connectionOf = ({ connection }: CatalogSource, environment: Environment): KafkaConnection => {
  if (connection === undefined) throw new Error('the source names a connection');
  return kafkaConnection(connection, environment);
};

/** By definitions. @param fields - of the connection, but its name and brokers */
const defined = (fields: string, environment: Environment = {}): KafkaConnection => {
  const connection = `connections:\n  - { name: plant, brokers: ['a:9092', 'b:9093']${fields === '' ? '' : `, ${fields}`} }\n`;
  const [source] = sourcesOf(`${connection}sources:\n  - { name: orders, transport: kafka, connection: plant }\n`);
  if (source === undefined) throw new Error('there is one source');
  return connectionOf(source, environment);
};

/** By the environment alone. @param variables - without what all begin with */
const internal = (variables: Readonly<Record<string, string>>): KafkaConnection => {
  const named = Object.entries(variables).map(([name, value]) => [`DSF_INTERNAL_KAFKA_${name}`, value] as const);
  const environment = { DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_KAFKA_BROKERS: 'a:9092,b:9093', ...Object.fromEntries(named) };
  return internalKafkaConnection(parseInternal(environment), environment);
};

const askToken = async ({ login }: KafkaConnection): Promise<string> => {
  if (login?.mechanism !== 'oauthbearer') throw new Error('the login has a token');
  return login.token();
};

/** @returns the failure, and all that it says */
const failureOf = async (work: () => unknown): Promise<{ readonly failure: unknown; readonly said: string }> => {
  const failure: unknown = await (async () => work())().catch((error: unknown) => error);
  return { failure, said: failure instanceof Error ? `${failure.message} ${JSON.stringify(failure)} ${failure.stack ?? ''}` : '' };
};

const brokers = ['a:9092', 'b:9093'];
const plain = { mechanism: 'plain', username: 'ada', password: 'hunter2' };
const scrams = ['scram-sha-256', 'scram-sha-512'] as const;
const noSecret = { kind: 'fatal', code: 'transport.secret' };
const ada = { KAFKA_USER: 'ada', KAFKA_PASSWORD: 'hunter2' };
const fromEnvironment = 'username_env: KAFKA_USER, password_env: KAFKA_PASSWORD';

describe('a connection by definitions', () => {
  it('goes to the brokers, as dsf, with neither encryption nor login, where no more is said', () => {
    expect(defined('')).toEqual({ brokers, clientId: 'dsf' });
  });

  it('is called what the definitions say', () => {
    expect(defined('client_id: shop-7')).toEqual({ brokers, clientId: 'shop-7' });
  });

  it.each([
    ['the authorities that Node.js knows', '{}', {}],
    ['an authority', '{ ca_file: /etc/ca.pem }', { caFile: '/etc/ca.pem' }],
    [
      'a certificate of the client, and its key',
      '{ ca_file: /etc/ca.pem, cert_file: /etc/client.pem, key_file: /etc/client.key }',
      { caFile: '/etc/ca.pem', certFile: '/etc/client.pem', keyFile: '/etc/client.key' },
    ],
  ])('is encrypted with %s', (_, fields, tls) => {
    expect(defined(`tls: ${fields}`)).toEqual({ brokers, clientId: 'dsf', tls });
  });

  it.each(['plain', ...scrams])('logs in with %s, with what the environment holds', (mechanism) => {
    const sasl = `sasl: { mechanism: ${mechanism}, ${fromEnvironment} }`;
    expect(defined(sasl, ada)).toEqual({ brokers, clientId: 'dsf', login: { ...plain, mechanism } });
  });

  it.each(['plain', ...scrams])('logs in with %s, with what mounted files hold but for the white space around it', (mechanism) => {
    const [user, password] = [mounted('user', 'ada\n'), mounted('password', ' hunter2\r\n\n')];
    const sasl = `sasl: { mechanism: ${mechanism}, username_file: ${user}, password_file: ${password} }`;
    expect(defined(sasl)).toEqual({ brokers, clientId: 'dsf', login: { ...plain, mechanism } });
  });

  it('logs in with what the files hold at that time, and says so where they have gone', async () => {
    const [user, password] = [mounted('user-that-turns', 'ada\n'), mounted('password-that-turns', 'hunter2\n')];
    const { login } = defined(`sasl: { mechanism: plain, username_file: ${user}, password_file: ${password} }`);
    expect(login).toEqual(plain);
    mounted('user-that-turns', 'grace\n');
    mounted('password-that-turns', 'hunter3\n');
    expect(login).toEqual({ mechanism: 'plain', username: 'grace', password: 'hunter3' });
    rmSync(password);
    const { failure, said } = await failureOf(() => ({ ...login }));
    expect(failure).toMatchObject(noSecret);
    expect(said).toMatch(/plant: the password .*password-that-turns/);
  });

  it('takes no line break for a part of the secret in a variable either', () => {
    const environment = { KAFKA_USER: 'ada\n', KAFKA_PASSWORD: 'hunter2\n' };
    expect(defined(`sasl: { mechanism: plain, ${fromEnvironment} }`, environment).login).toEqual(plain);
  });

  it('logs in with the token that stands in the file each time, or in the variable', async () => {
    const file = mounted('token', 'first\n');
    const connection = defined(`sasl: { mechanism: oauthbearer, token_file: ${file} }`);
    expect(await askToken(connection)).toBe('first');
    mounted('token', 'second\n');
    expect(await askToken(connection)).toBe('second');
    expect(await askToken(defined('sasl: { mechanism: oauthbearer, token_env: TOKEN }', { TOKEN: 'third' }))).toBe('third');
  });

  it('may be encrypted and log in at once', () => {
    const both = `tls: { ca_file: /etc/ca.pem }, sasl: { mechanism: scram-sha-512, ${fromEnvironment} }`;
    expect(defined(both, ada)).toMatchObject({ tls: { caFile: '/etc/ca.pem' }, login: { ...plain, mechanism: 'scram-sha-512' } });
  });

  it.each([
    ['variable of the user name', fromEnvironment, { KAFKA_PASSWORD: 'hunter2' }, /plant: the username .*KAFKA_USER is not set/],
    ['variable of the password', fromEnvironment, { KAFKA_USER: 'ada' }, /plant: the password .*KAFKA_PASSWORD is not set/],
    ['variable that is empty', fromEnvironment, { KAFKA_USER: 'hunter2', KAFKA_PASSWORD: '\n' }, /KAFKA_PASSWORD is not set/],
    ['file of the user name', `username_file: ${nowhere}, password_env: KAFKA_PASSWORD`, ada, /plant: the username .*nowhere/],
    ['file of the password', `username_env: KAFKA_USER, password_file: ${nowhere}`, ada, /plant: the password .*nowhere/],
  ] as const)('fails where a secret is not there, names it and tells no other: %s', async (_, places, environment, says) => {
    const { failure, said } = await failureOf(() => defined(`sasl: { mechanism: plain, ${places} }`, environment));
    expect(failure).toMatchObject(noSecret);
    expect(said).toMatch(says);
    expect(said).not.toContain('hunter2');
  });

  it('fails where a file holds nothing', async () => {
    const sasl = `sasl: { mechanism: plain, username_env: KAFKA_USER, password_file: ${mounted('blank', '\n')} }`;
    const { failure, said } = await failureOf(() => defined(sasl, ada));
    expect(failure).toMatchObject(noSecret);
    expect(said).toMatch(/plant: the password .*blank is empty/);
  });

  it('fails where there is no token when one is asked for, and not before', async () => {
    const inFile = defined(`sasl: { mechanism: oauthbearer, token_file: ${nowhere} }`);
    await expect(askToken(inFile)).rejects.toMatchObject({ ...noSecret, message: expect.stringContaining(nowhere) as unknown });
    const inVariable = defined('sasl: { mechanism: oauthbearer, token_env: TOKEN }');
    await expect(askToken(inVariable)).rejects.toMatchObject({ ...noSecret, message: expect.stringContaining('TOKEN') as unknown });
  });

  it.each(['gssapi', 'SCRAM-SHA-512', 'scram-sha-1'])('knows no mechanism %s', (mechanism) => {
    expect(() => defined(`sasl: { mechanism: ${mechanism}, ${fromEnvironment} }`, ada)).toThrow(/mechanism/);
  });
});

describe('sources of one deployment', () => {
  const text = `connections:
  - { name: near, brokers: ['near:9092'], client_id: shop-near, tls: { ca_file: /etc/near.pem } }
  - { name: far, brokers: ['far:9092'], sasl: { mechanism: plain, ${fromEnvironment} } }
  - { name: far-too, brokers: ['far:9092'], client_id: shop-batch, sasl: { mechanism: scram-sha-256, ${fromEnvironment} } }
sources:
  - { name: orders, transport: kafka, connection: near }
  - { name: people, transport: kafka, connection: far }
  - { name: visits, transport: kafka, connection: far-too }
  - { name: stock, transport: kafka, connection: near }
`;

  it('have each the cluster, login, encryption and client id of the connection that it names', () => {
    const near = { brokers: ['near:9092'], clientId: 'shop-near', tls: { caFile: '/etc/near.pem' } };
    expect(sourcesOf(text).map((source) => connectionOf(source, ada))).toEqual([
      near,
      { brokers: ['far:9092'], clientId: 'dsf', login: plain },
      { brokers: ['far:9092'], clientId: 'shop-batch', login: { ...plain, mechanism: 'scram-sha-256' } },
      near,
    ]);
  });

  it('share a transport where they name one connection, and only there', async () => {
    const installation = await openInstallation({ home: join(folder, 'home'), environment: ada });
    const open = ({ connection }: CatalogSource) => installation.transport('kafka', connection);
    const sources = sourcesOf(text.replace(', tls: { ca_file: /etc/near.pem }', ''));
    const [orders, people, visits, stock] = await Promise.all(sources.map(open));
    expect(stock).toBe(orders);
    expect(new Set([orders, people, visits]).size).toBe(3);
    await installation.close();
  });
});

describe('the connection of the internal topics', () => {
  it('goes to the brokers, as dsf, with neither encryption nor login, where no more is said', () => {
    expect(internal({})).toEqual({ brokers, clientId: 'dsf' });
    expect(internal({ TLS: 'false', SASL: 'none' })).toEqual({ brokers, clientId: 'dsf' });
  });

  it('is called what the environment says', () => {
    expect(internal({ CLIENT_ID: 'shop-7' })).toEqual({ brokers, clientId: 'shop-7' });
  });

  it.each([
    ['the authorities that Node.js knows', {}, {}],
    ['an authority', { TLS_CA: '/etc/ca.pem' }, { caFile: '/etc/ca.pem' }],
    [
      'a certificate of the client, and its key',
      { TLS_CA: '/etc/ca.pem', TLS_CERT: '/etc/client.pem', TLS_KEY: '/etc/client.key' },
      { caFile: '/etc/ca.pem', certFile: '/etc/client.pem', keyFile: '/etc/client.key' },
    ],
  ])('is encrypted with %s', (_, files, tls) => {
    expect(internal({ TLS: 'true', ...files })).toEqual({ brokers, clientId: 'dsf', tls });
  });

  it.each(['plain', ...scrams])('logs in with %s, with what the environment holds', (mechanism) => {
    const login = { ...plain, mechanism };
    expect(internal({ SASL: mechanism, USERNAME: 'ada', PASSWORD: 'hunter2\n' })).toEqual({ brokers, clientId: 'dsf', login });
  });

  it.each(['plain', ...scrams])('logs in with %s, with what mounted files hold but for the white space around it', (mechanism) => {
    const files = { USERNAME_FILE: mounted('user', 'ada\n'), PASSWORD_FILE: ` ${mounted('password', 'hunter2\n')} ` };
    // Templates leave variables behind that are empty.
    const variables = { SASL: mechanism, ...files, USERNAME: '', PASSWORD: '' };
    expect(internal(variables)).toEqual({ brokers, clientId: 'dsf', login: { ...plain, mechanism } });
  });

  it('may have one secret in a variable and one in a file', () => {
    const password = mounted('password', 'hunter2\n');
    const variables = { SASL: 'plain', USERNAME: 'ada', USERNAME_FILE: ' ', PASSWORD_FILE: password };
    expect(internal(variables).login).toEqual(plain);
  });

  it('logs in with the token that stands in the file each time, or in the variable', async () => {
    const connection = internal({ SASL: 'oauthbearer', TOKEN_FILE: mounted('token', 'first\n') });
    expect(await askToken(connection)).toBe('first');
    mounted('token', 'second\n');
    expect(await askToken(connection)).toBe('second');
    expect(await askToken(internal({ SASL: 'oauthbearer', TOKEN: 'third' }))).toBe('third');
  });

  it('fails where the file of a token is gone when one is asked for', async () => {
    const file = mounted('token-that-goes', 'first\n');
    const connection = internal({ SASL: 'oauthbearer', TOKEN_FILE: file });
    rmSync(file);
    const { failure, said } = await failureOf(() => askToken(connection));
    expect(failure).toMatchObject(noSecret);
    expect(said).toMatch(/DSF_INTERNAL_KAFKA: the token .*token-that-goes/);
  });
});
