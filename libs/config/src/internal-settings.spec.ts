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
