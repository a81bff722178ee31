import { Failure, type FailureKind } from '@dsf/ports';
import kafkajs from 'kafkajs';
import classes from 'kafkajs/src/errors.js';
import errors from 'kafkajs/src/protocol/error.js';
import { describe, expect, it } from 'vitest';
import { asLeaderFailure, asTransportFailure, kafkaErrorName, unresolvedCode } from './kafka-failure.ts';
import { verdicts, type FailureContext } from './kafka-verdicts.ts';

const all = { brokers: 'a:9092, b:9092', topic: 't', partition: 3, group: 'g', writer: 'w', sessionTimeoutMs: 3000 } as const;
const everywhere = '(partition 3 of topic "t", group "g", transactional id "w", Kafka at a:9092, b:9092)';

/** As kafkajs makes them of an answer. */
const named = (type: string): Error => {
  const known = errors.errorCodes.find((each) => each.type === type);
  if (known === undefined) throw new Error(`Kafka has no error ${type}`);
  return errors.createErrorFromCode(known.code);
};
/** As kafkajs makes them of a socket. */
const ofConnection = (message: string, code?: string, broker = 'b:9092'): Error =>
  new kafkajs.KafkaJSConnectionError(message, code === undefined ? { broker } : { broker, code });

/** Of an error with a code: what is to be done, DSF's code, and what the message has to say. */
const rows: readonly (readonly [type: string, FailureKind, code: string, ...says: string[]])[] = [
  ['UNKNOWN', 'retry', 'transport.unavailable', 'its log', everywhere],
  ['BROKER_NOT_AVAILABLE', 'retry', 'transport.unavailable', everywhere],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'fatal', 'transport.topic-missing', 'topic "t"', 'a:9092, b:9092', 'kafka-topics.sh --create'],
  ['INVALID_TOPIC_EXCEPTION', 'fatal', 'transport.topic-invalid', 'topic "t"'],
  ['LEADER_NOT_AVAILABLE', 'retry', 'transport.leader-changed', everywhere],
  ['NOT_LEADER_FOR_PARTITION', 'retry', 'transport.leader-changed', everywhere],
  ['FENCED_LEADER_EPOCH', 'retry', 'transport.leader-changed', everywhere],
  ['UNKNOWN_LEADER_EPOCH', 'retry', 'transport.leader-changed', everywhere],
  ['REPLICA_NOT_AVAILABLE', 'retry', 'transport.leader-changed', everywhere],
  ['KAFKA_STORAGE_ERROR', 'retry', 'transport.leader-changed', everywhere],
  ['NOT_ENOUGH_REPLICAS', 'retry', 'transport.replicas', everywhere],
  ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'retry', 'transport.replicas', everywhere],
  ['GROUP_COORDINATOR_NOT_AVAILABLE', 'retry', 'transport.coordinator', everywhere],
  ['GROUP_LOAD_IN_PROGRESS', 'retry', 'transport.coordinator', everywhere],
  ['NOT_COORDINATOR_FOR_GROUP', 'retry', 'transport.coordinator', everywhere],
  ['REBALANCE_IN_PROGRESS', 'retry', 'transport.rebalancing', everywhere],
  ['ILLEGAL_GENERATION', 'retry', 'transport.member-gone', everywhere],
  ['UNKNOWN_MEMBER_ID', 'retry', 'transport.member-gone', everywhere],
  ['INCONSISTENT_GROUP_PROTOCOL', 'fatal', 'transport.group-protocol', 'group "g"', 'DSF_INTERNAL_PREFIX'],
  ['GROUP_MAX_SIZE_REACHED', 'fatal', 'transport.group-full', 'group "g"', 'group.max.size'],
  [
    ...(['INVALID_SESSION_TIMEOUT', 'fatal', 'transport.session-timeout'] as const),
    ...['group "g"', '3000 ms', 'group.min.session.timeout.ms', 'group.max.session.timeout.ms'],
  ],
  ['MESSAGE_TOO_LARGE', 'poison', 'transport.too-large', 'topic "t"', 'max.message.bytes'],
  ['RECORD_LIST_TOO_LARGE', 'poison', 'transport.too-large', 'topic "t"', 'max.message.bytes'],
  ['INVALID_RECORD', 'poison', 'transport.refused', 'topic "t"', 'compacted'],
  ['INVALID_TIMESTAMP', 'poison', 'transport.refused', 'topic "t"', 'time'],
  ['SASL_AUTHENTICATION_FAILED', 'fatal', 'transport.login', 'a:9092, b:9092'],
  ['UNSUPPORTED_SASL_MECHANISM', 'fatal', 'transport.login', 'mechanism'],
  ['ILLEGAL_SASL_STATE', 'fatal', 'transport.login', 'mechanism'],
  ['TOPIC_AUTHORIZATION_FAILED', 'fatal', 'transport.denied-topic', 'topic "t"', 'an ACL to describe and to read or write it'],
  ['GROUP_AUTHORIZATION_FAILED', 'fatal', 'transport.denied-group', 'group "g"', 'an ACL to read the group'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'fatal', 'transport.denied-cluster', 'a:9092, b:9092', 'an ACL on the cluster'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'fatal', 'transport.denied-transaction', '"w"', 'transactional: false'],
  ['INVALID_PRODUCER_EPOCH', 'retry', 'transport.fenced', everywhere],
  ['INVALID_PRODUCER_ID_MAPPING', 'retry', 'transport.fenced', everywhere],
  ['INVALID_TXN_STATE', 'retry', 'transport.fenced', everywhere],
  ['CONCURRENT_TRANSACTIONS', 'retry', 'transport.coordinator', everywhere],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'retry', 'transport.producer-gone', everywhere],
  ['UNKNOWN_PRODUCER_ID', 'retry', 'transport.producer-gone', everywhere],
  ['POLICY_VIOLATION', 'fatal', 'transport.policy', 'topic "t"', 'a:9092, b:9092'],
  ['INVALID_REPLICATION_FACTOR', 'fatal', 'transport.replication', 'topic "t"', 'fewer brokers than replicas'],
];

describe('an error that Kafka has a name for', () => {
  it('has a verdict of its own that is in this table, and a name that kafkajs gives', () => {
    expect(rows.map(([type]) => type).toSorted()).toEqual(Object.keys(verdicts).toSorted());
    const names = errors.errorCodes.map(({ type }) => type);
    expect(rows.filter(([type]) => !names.includes(type))).toEqual([]);
  });

  it.each(rows)('%s is a failure "%s" %s', (type, kind, code, ...says) => {
    const failure = asTransportFailure(named(type), all);
    expect(failure).toMatchObject({ kind, code, facts: { ...all, kafka: type } });
    for (const part of says) expect(failure.message).toContain(part);
  });

  it('is retried where kafkajs says that it may be, and else is fatal with what Kafka says', () => {
    expect(asTransportFailure(named('REQUEST_TIMED_OUT'), all)).toMatchObject({ kind: 'retry', code: 'transport.unavailable' });
    const failed = asTransportFailure(named('INVALID_CONFIG'), all);
    expect(failed).toMatchObject({ kind: 'fatal', code: 'transport.failed', message: expect.stringContaining(everywhere) as unknown });
    expect(failed.message).toContain(named('INVALID_CONFIG').message);
  });

  it('says no more of where it was than is known', () => {
    const text = (context: FailureContext): string => asTransportFailure(named('NOT_ENOUGH_REPLICAS'), context).message;
    expect(text({ brokers: 'b:9092' })).toMatch(/ \(Kafka at b:9092\)$/);
    expect(text({ brokers: 'b:9092', topic: 't' })).toMatch(/ \(topic "t", Kafka at b:9092\)$/);
    expect(text({ brokers: 'b:9092', group: 'g' })).toMatch(/ \(group "g", Kafka at b:9092\)$/);
  });

  it('names the remedy that it is given for a topic that is missing', () => {
    expect(asTransportFailure(named('UNKNOWN_TOPIC_OR_PARTITION'), all, 'look elsewhere').message).toMatch(/: look elsewhere$/);
  });

  it.each([
    ['Create', /may not make topic "t" .*an ACL for Create on it/],
    ['Alter', /may not add partitions to topic "t" .*an ACL for Alter on it/],
    ['AlterConfigs', /may not change the settings of topic "t" .*an ACL for AlterConfigs on it/],
    ['Delete', /may not delete from topic "t" .*an ACL for Delete on it/],
  ] as const)('names the ACL that is missing for %s', (operation, says) => {
    const failure = asTransportFailure(named('TOPIC_AUTHORIZATION_FAILED'), { ...all, operation });
    expect(failure).toMatchObject({ kind: 'fatal', code: 'transport.denied-topic', message: expect.stringMatching(says) as unknown });
  });

  it('may mean less of a topic that was there: that it is elsewhere now', () => {
    const moved = asLeaderFailure(named('UNKNOWN_TOPIC_OR_PARTITION'), all);
    expect(moved).toMatchObject({ kind: 'retry', code: 'transport.leader-changed' });
    expect(moved.message).toContain(everywhere);
    expect(asLeaderFailure(named('NOT_ENOUGH_REPLICAS'), all).code).toBe('transport.replicas');
  });
});

describe('an error that is wrapped', () => {
  it.each([
    ['TOPIC_AUTHORIZATION_FAILED', 'transport.denied-topic'],
    ['INVALID_REPLICATION_FACTOR', 'transport.replication'],
    ['POLICY_VIOLATION', 'transport.policy'],
  ])('into the list of those of an answer, such as %s, counts as it is', (type, code) => {
    const list = new kafkajs.KafkaJSAggregateError('Topic creation errors', [new classes.KafkaJSCreateTopicError(named(type), 't')]);
    expect(asTransportFailure(list, all)).toMatchObject({ kind: 'fatal', code, facts: { kafka: type } });
    expect(kafkaErrorName(list)).toBe(type);
  });

  it('into the partitions whose records could not be deleted counts as it is', () => {
    const error = named('TOPIC_AUTHORIZATION_FAILED');
    const list = new classes.KafkaJSDeleteTopicRecordsError({ partitions: [{ error }] });
    expect(asTransportFailure(list, all)).toMatchObject({ kind: 'fatal', code: 'transport.denied-topic' });
  });

  it('by whoever gave up counts as it is', () => {
    const given = new kafkajs.KafkaJSNumberOfRetriesExceeded(named('NOT_ENOUGH_REPLICAS'), { retryCount: 1, retryTime: 1 });
    expect(asTransportFailure(given, all).code).toBe('transport.replicas');
  });

  it('into nothing that is an error counts itself', () => {
    expect(asTransportFailure(new kafkajs.KafkaJSAggregateError('none', []), all)).toMatchObject({ code: 'transport.failed' });
    expect(asTransportFailure('a text', all)).toMatchObject({ code: 'transport.failed', kind: 'fatal' });
  });

  it('passes unchanged when it is a failure already', () => {
    const failure = new Failure('poison', 'transport.too-large', 'x', {}, { cause: named('NOT_ENOUGH_REPLICAS') });
    expect(asTransportFailure(failure, all)).toBe(failure);
  });
});

describe('an error of a connection', () => {
  const refused = 'connect ECONNREFUSED 127.0.0.1:1';
  it.each<readonly [what: string, error: Error, kind: FailureKind, code: string, ...says: string[]]>([
    [
      ...(['a name of the connection that means nothing', ofConnection('x', 'ENOTFOUND'), 'retry', 'transport.host-unknown'] as const),
      ...['the name of the broker b:9092 cannot be resolved', 'correct the brokers of the connection'],
    ],
    [
      ...(['a name that the cluster gives', ofConnection('x', 'EAI_AGAIN', 'inner:9092'), 'retry', 'transport.host-unknown'] as const),
      ...['the name of the broker inner:9092 cannot be resolved', 'correct advertised.listeners of that broker'],
    ],
    [
      ...(['a name that nobody answered for', ofConnection('x', unresolvedCode), 'retry', 'transport.host-unknown'] as const),
      ...['the name of the broker b:9092 was not resolved in time', 'correct the brokers of the connection, or mend the name service'],
    ],
    ['a certificate', ofConnection('self-signed', 'SELF_SIGNED_CERT_IN_CHAIN'), 'fatal', 'transport.tls', 'self-signed'],
    ['a port where nobody listens', ofConnection(refused, 'ECONNREFUSED'), 'retry', 'transport.unavailable', refused, 'b:9092', everywhere],
    ['nobody who answers', ofConnection('Connection timeout'), 'retry', 'transport.unavailable', 'b:9092 cannot be reached', everywhere],
    ['an end in the middle', ofConnection('x', 'ECONNRESET'), 'retry', 'transport.unavailable', '`tls` and `sasl` of the connection'],
    [
      'an end without a word',
      new classes.KafkaJSConnectionClosedError('Closed connection', { host: 'b', port: 9092 }),
      ...(['retry', 'transport.unavailable', 'b:9092', 'encryption or a login', '`tls` and `sasl` of the connection'] as const),
    ],
    ['a broker that never answered', new Error('Broker not connected'), 'retry', 'transport.unavailable', everywhere],
    ['a login', new classes.KafkaJSSASLAuthenticationError('no'), 'fatal', 'transport.login', 'a:9092, b:9092'],
    ['a silent broker', new kafkajs.KafkaJSRequestTimeoutError('timed out'), 'retry', 'transport.unavailable', 'timed out', everywhere],
  ])('says what it is about: %s', (_, error, kind, code, ...says) => {
    const failure = asTransportFailure(error, all);
    expect(failure).toMatchObject({ kind, code });
    for (const part of says) expect(failure.message).toContain(part);
  });
});
