import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { parseInternal } from './internal-settings.ts';
import type { Environment } from './parse-config.ts';

const problemsOf = (environment: Environment): readonly string[] => {
  try {
    parseInternal(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ text }) => text);
  }
};
const onKafka = { DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_KAFKA_BROKERS: 'a:9092, b:9093' };

describe('what carries the internal topics', () => {
  it('is the local log where nothing is said', () => {
    expect(parseInternal({})).toMatchObject({ internalTransport: 'local', internalPrefix: null, kafkaBrokers: null });
  });

  it('is Kafka with some of its brokers', () => {
    expect(parseInternal(onKafka)).toMatchObject({ internalTransport: 'kafka', kafkaBrokers: ['a:9092', 'b:9093'], kafkaSasl: 'none' });
  });

  it('is Kafka with each setting in its own place', () => {
    const settings = {
      ...{ CLIENT_ID: 'shop', TLS: 'true', TLS_CA: 'ca.pem', TLS_CERT: 'client.pem', TLS_KEY: 'client.key' },
      ...{ SASL: 'scram-sha-512', USERNAME: 'ada', PASSWORD: 'hunter2' },
    };
    const named = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`DSF_INTERNAL_KAFKA_${name}`, value]));
    expect(parseInternal({ ...onKafka, ...named })).toMatchObject({
      ...{ kafkaClientId: 'shop', kafkaTls: true, kafkaTlsCa: 'ca.pem', kafkaTlsCert: 'client.pem', kafkaTlsKey: 'client.key' },
      ...{ kafkaSasl: 'scram-sha-512', kafkaUsername: 'ada', kafkaPassword: 'hunter2', kafkaToken: null },
    });
  });

  it.each(['gssapi', 'PLAIN', 'scram'])('takes no mechanism %s, and says which there are', (mechanism) => {
    expect(problemsOf({ ...onKafka, DSF_INTERNAL_KAFKA_SASL: mechanism })).toEqual([
      `DSF_INTERNAL_KAFKA_SASL is "${mechanism}"; it must be one of none, plain, scram-sha-256, scram-sha-512, oauthbearer (default none)`,
    ]);
  });

  it.each(['USERNAME', 'PASSWORD', 'TOKEN'])('names the file of the %s that is not there, and tells no other secret', (part) => {
    const login = { DSF_INTERNAL_KAFKA_USERNAME: 'ada', DSF_INTERNAL_KAFKA_PASSWORD: 'hunter2', DSF_INTERNAL_KAFKA_TOKEN: 'hunter3' };
    const variable = `DSF_INTERNAL_KAFKA_${part}`;
    const problems = problemsOf({ ...onKafka, ...login, [variable]: '', [`${variable}_FILE`]: '/nowhere/secret' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${variable}_FILE names /nowhere/secret, which cannot be read`);
    expect(problems[0]).not.toMatch(/hunter|ada/);
  });

  it('takes a secret from one place alone, and does not tell it', () => {
    expect(problemsOf({ ...onKafka, DSF_INTERNAL_KAFKA_PASSWORD: 'hunter2', DSF_INTERNAL_KAFKA_PASSWORD_FILE: '/nowhere' })).toEqual([
      'DSF_INTERNAL_KAFKA_PASSWORD and DSF_INTERNAL_KAFKA_PASSWORD_FILE are both set; set one of them',
    ]);
  });

  it.each(['kafka', 'http://a:9092', 'a:9092;b:9092', 'a:9092,'])('takes no brokers such as %s', (brokers) => {
    expect(problemsOf({ ...onKafka, DSF_INTERNAL_KAFKA_BROKERS: brokers })[0]).toContain('it must be host:port, several joined by commas');
  });

  it('needs what it cannot work without', () => {
    expect(problemsOf({ DSF_INTERNAL_TRANSPORT: 'kafka' })).toEqual([
      'DSF_INTERNAL_KAFKA_BROKERS is missing; DSF_INTERNAL_TRANSPORT=kafka needs it',
    ]);
    expect(problemsOf({ ...onKafka, DSF_INTERNAL_KAFKA_SASL: 'plain', DSF_INTERNAL_KAFKA_USERNAME: 'ada' })).toEqual([
      'DSF_INTERNAL_KAFKA_PASSWORD, or DSF_INTERNAL_KAFKA_PASSWORD_FILE, is missing; DSF_INTERNAL_KAFKA_SASL=plain needs it',
    ]);
    expect(problemsOf({ ...onKafka, DSF_INTERNAL_KAFKA_SASL: 'oauthbearer' })[0]).toContain('DSF_INTERNAL_KAFKA_TOKEN, or');
    expect(problemsOf({ ...onKafka, DSF_INTERNAL_KAFKA_TLS: 'true', DSF_INTERNAL_KAFKA_TLS_CERT: 'c.pem' })[0]).toContain(
      'TLS_KEY is missing',
    );
  });

  it('is Pub/Sub, with a project, a region and an endpoint that can be', () => {
    const onPubsub = { DSF_INTERNAL_TRANSPORT: 'pubsub', DSF_INTERNAL_PUBSUB_PROJECT: 'shop', DSF_INTERNAL_PUBSUB_REGION: 'europe-west1' };
    expect(parseInternal(onPubsub)).toMatchObject({ internalTransport: 'pubsub', pubsubProject: 'shop', pubsubRegion: 'europe-west1' });
    expect(problemsOf({ ...onPubsub, DSF_INTERNAL_PUBSUB_REGION: 'Europe' })).toEqual([
      'DSF_INTERNAL_PUBSUB_REGION must be a region such as europe-west1',
    ]);
    expect(problemsOf({ ...onPubsub, DSF_INTERNAL_PUBSUB_ENDPOINT: 'https://pubsub' })[0]).toContain('must be host or host:port');
    expect(problemsOf({ ...onPubsub, DSF_INTERNAL_KAFKA_BROKERS: 'a:9092' })[0]).toContain('DSF_INTERNAL_TRANSPORT is pubsub');
  });

  it('is never half of one and half of another', () => {
    expect(problemsOf({ DSF_INTERNAL_KAFKA_BROKERS: 'a:9092' })[0]).toContain('DSF_INTERNAL_TRANSPORT is local');
    expect(problemsOf({ ...onKafka, DSF_INTERNAL_KAFKA_TLS_CA: 'ca.pem' })[0]).toContain('DSF_INTERNAL_KAFKA_TLS is not true');
  });
});
