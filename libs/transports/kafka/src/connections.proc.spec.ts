import { randomUUID } from 'node:crypto';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  allowOnKafka,
  certificateFiles,
  describeOnKafka,
  kafkaUsers,
  readAll,
  realClock,
  startKafka,
  whyNoCertificates,
  whyNoOwnKafka,
  type KafkaBroker,
  type SecureAddresses,
} from '@dsf/testing';
import { Failure } from '@dsf/ports';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KafkaConnection, KafkaLogin } from './connection-options.ts';
import { openKafkaTransport, type KafkaTransport } from './kafka-transport.ts';

const noBroker = await whyNoOwnKafka(process.env);
const noCertificates = noBroker ?? whyNoCertificates();

const never = new AbortController().signal;
const message = (body: string) => ({ partition: 0, key: null, headers: [], body: new TextEncoder().encode(body) });

/** A token that nobody has signed (RFC 7515, A.5). */
const tokenOf = (user: string, endsInSeconds: number): string => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'none' })}.${part({ sub: user, iat: now - 100, exp: now + endsInSeconds })}.`;
};

describeOnKafka(noBroker, 'connections to Kafka', () => {
  let broker: KafkaBroker;
  let open: KafkaTransport;
  let topic = '';
  beforeAll(async () => {
    broker = await startKafka(process.env, { secure: noCertificates === null });
    open = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
  }, 300_000);
  afterAll(async () => {
    await open.close();
    await broker.close();
  });
  beforeEach(async () => {
    topic = `topic-${randomUUID()}`;
    await open.ensureTopic(topic, 1);
  });

  const allow = (user: string, allowed: Parameters<typeof allowOnKafka>[2]): Promise<void> => allowOnKafka(broker.address, user, allowed);
  const as = (connection: Partial<KafkaConnection>, address: string): KafkaTransport =>
    openKafkaTransport({ connection: { brokers: [address], ...connection }, clock: realClock });
  const withLogin = (login: KafkaLogin): KafkaTransport => as({ login }, broker.loginAddress ?? '');
  const refusal = async (transport: KafkaTransport): Promise<unknown> => {
    const failure: unknown = await transport.partitionCount(topic).catch((error: unknown) => error);
    await transport.close();
    return failure;
  };
  /** Writes and reads as a member of a group. */
  const expectUseOf = async (transport: KafkaTransport): Promise<void> => {
    await transport.send(topic, [message('a')]);
    expect((await readAll(transport, topic)).map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array()))).toEqual(['a']);
    await transport.close();
  };

  /** As a listener ends what it does not understand, without a word. */
  const closedBy = (address: string) => ({
    ...{ kind: 'retry', code: 'transport.unavailable' },
    message: expect.stringMatching(new RegExp(`${address} has closed the connection: .*\`tls\` and \`sasl\` of the connection`)) as unknown,
  });

  describe('with a login', () => {
    it('are closed without one where there must be one, which may be what is wrong', async () => {
      const address = broker.loginAddress ?? '';
      expect(await refusal(as({}, address))).toMatchObject(closedBy(address));
    });

    it.each(['plain', 'scram-sha-512'] as const)('log in with the password as it is at that time, with %s', async (mechanism) => {
      const user = mechanism === 'plain' ? 'plain' : 'scram';
      await allow(user, { topics: topic });
      let password = 'hunter2';
      const transport = withLogin({
        ...{ mechanism, username: user },
        get password() {
          return password;
        },
      });
      await expect(transport.partitionCount(topic)).rejects.toMatchObject({ code: 'transport.login' });
      password = kafkaUsers[user];
      expect(await transport.partitionCount(topic)).toBe(1);
      await transport.close();
    });

    it.each(['plain', 'scram-sha-512'] as const)('say that a secret has gone, with %s', async (mechanism) => {
      const gone = new Failure('fatal', 'transport.secret', 'the password is not there');
      const login: KafkaLogin = {
        ...{ mechanism, username: 'plain' },
        get password(): string {
          throw gone;
        },
      };
      expect(await refusal(withLogin(login))).toBe(gone);
    });

    it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
      'refuse a wrong password with %s, without telling it',
      async (mechanism) => {
        const username = mechanism === 'plain' ? 'plain' : 'scram';
        const failure = await refusal(withLogin({ mechanism, username, password: 'hunter2' }));
        expect(failure).toMatchObject({ kind: 'fatal', code: 'transport.login' });
        expect(JSON.stringify(failure) + String(failure)).not.toContain('hunter2');
      },
    );

    it('refuse a token that has ended, without telling it', async () => {
      const token = tokenOf('bearer', -50);
      const failure = await refusal(withLogin({ mechanism: 'oauthbearer', token: async () => token }));
      expect(failure).toMatchObject({ kind: 'fatal', code: 'transport.login' });
      expect(JSON.stringify(failure) + String(failure)).not.toContain(token.slice(0, 30));
    });

    const logins: readonly (readonly [string, string, KafkaLogin])[] = [
      ['plain', 'plain', { mechanism: 'plain', username: 'plain', password: kafkaUsers.plain }],
      ['scram-sha-256', 'scram', { mechanism: 'scram-sha-256', username: 'scram', password: kafkaUsers.scram }],
      ['scram-sha-512', 'scram', { mechanism: 'scram-sha-512', username: 'scram', password: kafkaUsers.scram }],
      ['oauthbearer', 'bearer', { mechanism: 'oauthbearer', token: async () => tokenOf('bearer', 600) }],
    ];
    it.each(logins)('read and write with %s once ACLs allow it, and name topic and group before', async (_, user, login) => {
      const denied = withLogin(login);
      await expect(denied.send(topic, [message('a')])).rejects.toMatchObject({
        kind: 'fatal',
        message: expect.stringContaining(topic) as unknown,
      });
      await allow(user, { topics: topic });
      await denied.close();
      const known = withLogin(login);
      const subscription = await known.subscribe(topic, 'forbidden');
      const join = async (): Promise<void> => {
        for await (const feed of subscription.feeds(never)) expect(feed).toBeUndefined();
      };
      await expect(join()).rejects.toMatchObject({
        kind: 'fatal',
        code: 'transport.denied-group',
        message: expect.stringContaining('forbidden') as unknown,
      });
      // Another transactional id is another resource.
      await expect(known.openWriter(topic, 'mine')).rejects.toMatchObject({ kind: 'fatal', code: 'transport.denied-transaction' });
      await allow(user, { topics: topic, groups: 'test-' });
      await expectUseOf(known);
    });
  });

  it('name the ACL without which no records are deleted', async () => {
    await allow('plain', { topics: topic, operations: ['DESCRIBE', 'READ', 'WRITE'] });
    const transport = withLogin({ mechanism: 'plain', username: 'plain', password: kafkaUsers.plain });
    await transport.send(topic, [message('a')]);
    await expect(transport.trim(topic, 0, 1)).rejects.toMatchObject({
      ...{ kind: 'fatal', code: 'transport.denied-topic' },
      message: expect.stringMatching(/may not delete from topic "topic-.*an ACL for Delete on it/) as unknown,
    });
    await transport.close();
  });

  describeOnKafka(noCertificates, 'with encryption', () => {
    const addresses = (): SecureAddresses => {
      if (broker.secure === null) throw new Error('unreachable: asked for');
      return broker.secure;
    };
    const file = (name: keyof typeof certificateFiles): string => join(addresses().certificates, certificateFiles[name]);

    it('write and read through it when the authority is known', async () => {
      await expectUseOf(as({ tls: { caFile: file('ca') } }, addresses().any));
    });

    it('are refused when the authority is not known, or another one', async () => {
      const unknown = { kind: 'fatal', code: 'transport.tls', message: expect.stringContaining(addresses().any) as unknown };
      expect(await refusal(as({ tls: {} }, addresses().any))).toMatchObject(unknown);
      expect(await refusal(as({ tls: { caFile: file('client') } }, addresses().any))).toMatchObject(unknown);
    });

    it('trust the authority that the file holds at that time', async () => {
      const turning = join(addresses().certificates, 'turning.pem');
      copyFileSync(file('client'), turning);
      const transport = as({ tls: { caFile: turning } }, addresses().any);
      await expect(transport.partitionCount(topic)).rejects.toMatchObject({ code: 'transport.tls' });
      rmSync(turning);
      await expect(transport.partitionCount(topic)).rejects.toMatchObject({
        ...{ kind: 'retry', code: 'transport.unavailable' },
        message: expect.stringContaining(turning) as unknown,
      });
      copyFileSync(file('ca'), turning);
      expect(await transport.partitionCount(topic)).toBe(1);
      await transport.close();
    });

    it('are refused when the certificate is that of another host', async () => {
      // The broker's address, written in a way that its certificate does not have.
      const other = addresses().any.replace('127.0.0.1', '127.1');
      const failure = await refusal(as({ tls: { caFile: file('ca') } }, other));
      expect(failure).toMatchObject({ kind: 'fatal', code: 'transport.tls', message: expect.stringContaining(other) as unknown });
    });

    it('are closed without encryption where there is nothing else, which may be what is wrong', async () => {
      expect(await refusal(as({}, addresses().any))).toMatchObject(closedBy(addresses().any));
    });

    it('are closed with encryption where there is none, which may be what is wrong', async () => {
      expect(await refusal(as({ tls: { caFile: file('ca') } }, broker.address))).toMatchObject(closedBy(broker.address));
    });

    it('show a certificate where one is asked for, which is the user that ACLs name', async () => {
      const tls = { caFile: file('ca'), certFile: file('client'), keyFile: file('clientKey') };
      const denied = as({ tls }, addresses().known);
      await expect(denied.send(topic, [message('a')])).rejects.toMatchObject({ kind: 'fatal', code: 'transport.denied-topic' });
      await denied.close();
      await allow('CN=client', { topics: topic, groups: 'test-' });
      await expectUseOf(as({ tls }, addresses().known));
    });

    it('are refused without a certificate where one is asked for', async () => {
      const failure = await refusal(as({ tls: { caFile: file('ca') } }, addresses().known));
      expect(failure).toMatchObject({ kind: 'fatal', code: 'transport.tls' });
    });

    it('name the file that is not there or is none', async () => {
      const missing = join(addresses().certificates, 'nowhere.pem');
      expect(() => as({ tls: { caFile: missing } }, addresses().any)).toThrow(missing);
      const garbage = join(addresses().certificates, 'garbage.pem');
      writeFileSync(garbage, 'no certificate');
      const tls = { caFile: file('ca'), certFile: garbage, keyFile: garbage };
      expect(() => as({ tls }, addresses().known)).toThrow(garbage);
    });
  });

  it('say that a host cannot be resolved, and that nobody listens', async () => {
    expect(await refusal(as({}, 'kafka.invalid:9092'))).toMatchObject({ code: 'transport.host-unknown' });
    expect(await refusal(as({}, '127.0.0.1:1'))).toMatchObject({ kind: 'retry', code: 'transport.unavailable' });
  });
});
