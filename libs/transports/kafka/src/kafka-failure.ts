import { Failure, type FailureFacts, type FailureKind } from '@dsf/ports';

/** What an operation was about, for the message. */
export interface FailureContext {
  /** `host:port` of the brokers that the connection names. */
  readonly brokers: string;
  readonly topic?: string;
  readonly group?: string;
  /** Transactional id of a writer. */
  readonly writer?: string;
}

interface Verdict {
  readonly kind: FailureKind;
  readonly code: string;
  readonly text: (context: FailureContext, remedy: string | undefined) => string;
}

const topicOf = ({ topic }: FailureContext): string => (topic === undefined ? 'the topic' : `topic "${topic}"`);
const groupOf = ({ group }: FailureContext): string => (group === undefined ? 'the group' : `group "${group}"`);
const retry = (code: string, what: string): Verdict => ({ kind: 'retry', code, text: ({ brokers }) => `${what} (Kafka at ${brokers})` });

const moved = retry('transport.leader-changed', 'a partition has no leader, or another than a moment ago');
const replicas = retry('transport.replicas', 'too few replicas are in sync to keep the messages safe');
const coordinator = retry('transport.coordinator', 'the group coordinator has moved or is starting');
const fenced = retry('transport.fenced', 'another writer of the same name has taken over, or this one was away for too long');
const forgotten = retry('transport.producer-gone', 'the cluster does not know the producer any more, or missed some of what it sent');
const denied = (code: string, text: (context: FailureContext) => string): Verdict => ({
  kind: 'fatal',
  code,
  text,
});

const login: Verdict = {
  kind: 'fatal',
  code: 'transport.login',
  text: ({ brokers }) => `Kafka at ${brokers} refuses the login: check the mechanism, the user name and the password of the connection`,
};
const tooLarge: Verdict = {
  kind: 'poison',
  code: 'transport.too-large',
  text: (context) =>
    `${topicOf(context)} does not take a message that large: see max.message.bytes of the topic and message.max.bytes of the broker`,
};

const topicMissing: Verdict = {
  kind: 'fatal',
  code: 'transport.topic-missing',
  text: (context, remedy = 'make it (kafka-topics.sh --create), or correct the name') =>
    `${topicOf(context)} does not exist in Kafka at ${context.brokers}, or the user may not describe it: ${remedy}`,
};

/** Verdicts by the name that kafkajs gives to Kafka's error codes (kafka.apache.org/protocol#protocol_error_codes). */
const verdicts: Readonly<Record<string, Verdict>> = {
  UNKNOWN_TOPIC_OR_PARTITION: topicMissing,
  INVALID_TOPIC_EXCEPTION: {
    kind: 'fatal',
    code: 'transport.topic-invalid',
    text: (context) => `${topicOf(context)} is not a name that Kafka allows`,
  },
  LEADER_NOT_AVAILABLE: moved,
  NOT_LEADER_FOR_PARTITION: moved,
  FENCED_LEADER_EPOCH: moved,
  UNKNOWN_LEADER_EPOCH: moved,
  REPLICA_NOT_AVAILABLE: moved,
  KAFKA_STORAGE_ERROR: moved,
  NOT_ENOUGH_REPLICAS: replicas,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: replicas,
  GROUP_COORDINATOR_NOT_AVAILABLE: coordinator,
  GROUP_LOAD_IN_PROGRESS: coordinator,
  NOT_COORDINATOR_FOR_GROUP: coordinator,
  REBALANCE_IN_PROGRESS: retry('transport.rebalancing', 'the group is being shared anew'),
  ILLEGAL_GENERATION: retry('transport.member-gone', 'the group has gone on without this member'),
  UNKNOWN_MEMBER_ID: retry('transport.member-gone', 'the group has gone on without this member'),
  MESSAGE_TOO_LARGE: tooLarge,
  RECORD_LIST_TOO_LARGE: tooLarge,
  INVALID_RECORD: {
    kind: 'poison',
    code: 'transport.refused',
    text: (context) => `${topicOf(context)} refuses a message; a compacted topic takes none without a key`,
  },
  INVALID_TIMESTAMP: { kind: 'poison', code: 'transport.refused', text: (context) => `${topicOf(context)} refuses the time of a message` },
  SASL_AUTHENTICATION_FAILED: login,
  UNSUPPORTED_SASL_MECHANISM: login,
  ILLEGAL_SASL_STATE: login,
  TOPIC_AUTHORIZATION_FAILED: denied(
    'transport.denied-topic',
    (context) =>
      `the user may not use ${topicOf(context)} in Kafka at ${context.brokers}: it needs an ACL to describe and to read or write it`,
  ),
  GROUP_AUTHORIZATION_FAILED: denied(
    'transport.denied-group',
    (context) => `the user may not be a member of ${groupOf(context)} in Kafka at ${context.brokers}: it needs an ACL to read the group`,
  ),
  CLUSTER_AUTHORIZATION_FAILED: denied(
    'transport.denied-cluster',
    ({ brokers }) => `the user may not do this in Kafka at ${brokers}: it needs an ACL on the cluster`,
  ),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: denied(
    'transport.denied-transaction',
    ({ brokers, writer }) =>
      `the user may not use the transactional id ${JSON.stringify(writer ?? '')} in Kafka at ${brokers}: it needs an ACL to describe and write it, or set \`transactional: false\` for the publication`,
  ),
  INVALID_PRODUCER_EPOCH: fenced,
  INVALID_PRODUCER_ID_MAPPING: fenced,
  INVALID_TXN_STATE: fenced,
  CONCURRENT_TRANSACTIONS: retry('transport.coordinator', 'the transaction before is not quite over'),
  OUT_OF_ORDER_SEQUENCE_NUMBER: forgotten,
  UNKNOWN_PRODUCER_ID: forgotten,
  POLICY_VIOLATION: {
    kind: 'fatal',
    code: 'transport.policy',
    text: (context) => `a policy of the cluster forbids ${topicOf(context)} as it was asked for`,
  },
  INVALID_REPLICATION_FACTOR: {
    kind: 'fatal',
    code: 'transport.replication',
    text: (context) => `${topicOf(context)} cannot be made: the cluster has fewer brokers than replicas were asked for`,
  },
};

/** Names of the errors of node:tls that no waiting mends; those of OpenSSL begin with ERR_SSL. */
const tlsCodes = ['CERT_', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT', 'UNABLE_TO_', 'ERR_TLS_', 'ERR_SSL', 'EPROTO', 'ERR_OSSL'];

const ownText = (error: unknown, key: 'type' | 'code' | 'name'): string => {
  const value: unknown = error instanceof Error ? (error as Error & Readonly<Record<string, unknown>>)[key] : undefined;
  return typeof value === 'string' ? value : '';
};

/** kafkajs wraps errors into errors when it gives up; what counts is the innermost. */
const innermost = (error: unknown): unknown => {
  let inner = error;
  for (let depth = 0; depth < 8 && inner instanceof Error && inner.cause instanceof Error; depth += 1) inner = inner.cause;
  return inner;
};

const connectionVerdict = (code: string, reason: string): Verdict => {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return retry('transport.host-unknown', 'a name of a broker cannot be resolved: check the host names of the connection');
  if (tlsCodes.some((start) => code.startsWith(start)))
    return { kind: 'fatal', code: 'transport.tls', text: ({ brokers }) => `no secure connection to Kafka at ${brokers}: ${reason}` };
  return retry('transport.unavailable', `the broker cannot be reached: ${reason}`);
};

const verdictOf = (error: unknown): Verdict => {
  const known = verdicts[ownText(error, 'type')];
  if (known !== undefined) return known;
  const name = ownText(error, 'name');
  const reason = error instanceof Error ? error.message : String(error);
  if (name === 'KafkaJSSASLAuthenticationError') return login;
  if (name.startsWith('KafkaJSConnection')) return connectionVerdict(ownText(error, 'code'), reason);
  // What else kafkajs calls retriable: timeouts, metadata that is not there yet, a broker that has gone.
  const canRetry = error instanceof Error && 'retriable' in error && error.retriable === true;
  if (canRetry || name.includes('Timeout') || name.includes('NotFound')) return retry('transport.unavailable', reason);
  return { kind: 'fatal', code: 'transport.failed', text: ({ brokers }) => `Kafka at ${brokers} failed: ${reason}` };
};

/** Kafka's name of an error, such as `REBALANCE_IN_PROGRESS`; empty for others. */
export const kafkaErrorName = (error: unknown): string => ownText(innermost(error), 'type');

/** Says in DSF's words what went wrong. Failures pass unchanged. @param remedy - what to do about a topic that is missing */
export const asTransportFailure = (error: unknown, context: FailureContext, remedy?: string): Failure => {
  if (error instanceof Failure) return error;
  const inner = innermost(error);
  const { kind, code, text } = verdictOf(inner);
  const facts: FailureFacts = { ...context, ...(ownText(inner, 'type') === '' ? {} : { kafka: ownText(inner, 'type') }) };
  return new Failure(kind, code, text(context, remedy), facts, { cause: inner });
};

/** The same, for a topic that was there a moment ago: whether it has moved or is gone is for the next look at the cluster to say. */
export const asLeaderFailure = (error: unknown, context: FailureContext): Failure => {
  const failure = asTransportFailure(error, context);
  if (failure.code !== 'transport.topic-missing') return failure;
  const text = `${topicOf(context)} in Kafka at ${context.brokers} is not where it was`;
  return new Failure('retry', 'transport.leader-changed', text, failure.facts, { cause: error });
};
