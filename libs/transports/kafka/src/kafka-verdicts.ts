import type { FailureKind } from '@dsf/ports';

/** Operations on topics that administration alone needs, as ACLs call them, and in words. */
const deeds = { Create: 'make', Alter: 'add partitions to', AlterConfigs: 'change the settings of', Delete: 'delete from' } as const;

/** What an operation was about, for the message. */
export interface FailureContext {
  /** `host:port` of the brokers that the connection names. */
  readonly brokers: string;
  readonly topic?: string;
  readonly partition?: number;
  readonly group?: string;
  /** Transactional id of a writer. */
  readonly writer?: string;
  /** What was asked for, as ACLs call it, where that is not to describe the topic and to read or write it. */
  readonly operation?: keyof typeof deeds;
  /** What a member asked its group for. */
  readonly sessionTimeoutMs?: number;
}

/** What to do about an error, and how to say it. */
export interface Verdict {
  readonly kind: FailureKind;
  readonly code: string;
  readonly text: (context: FailureContext, remedy: string | undefined) => string;
}

export const topicOf = ({ topic }: FailureContext): string => (topic === undefined ? 'the topic' : `topic "${topic}"`);
const groupOf = ({ group }: FailureContext): string => (group === undefined ? 'the group' : `group "${group}"`);

/** All that is known of where something failed. */
export const whereOf = (context: FailureContext): string => {
  const { brokers, topic, partition, group, writer } = context;
  const names = [
    ...(topic === undefined ? [] : [`${partition === undefined ? '' : `partition ${partition} of `}${topicOf(context)}`]),
    ...(group === undefined ? [] : [groupOf(context)]),
    ...(writer === undefined ? [] : [`transactional id "${writer}"`]),
  ];
  return [...names, `Kafka at ${brokers}`].join(', ');
};

export const retry = (code: string, what: string): Verdict => ({
  kind: 'retry',
  code,
  text: (context) => `${what} (${whereOf(context)})`,
});
export const fatal = (code: string, text: Verdict['text']): Verdict => ({ kind: 'fatal', code, text });
const poison = (code: string, text: Verdict['text']): Verdict => ({ kind: 'poison', code, text });

const moved = retry('transport.leader-changed', 'a partition has no leader, or another than a moment ago');
const replicas = retry('transport.replicas', 'too few replicas are in sync to keep the messages safe');
const coordinator = retry('transport.coordinator', 'the coordinator has moved or is starting');
const gone = retry('transport.member-gone', 'the group has gone on without this member');
const fenced = retry('transport.fenced', 'another writer of the same name has taken over, or this one was away for too long');
const forgotten = retry('transport.producer-gone', 'the cluster does not know the producer any more, or missed some of what it sent');
const troubled = retry('transport.unavailable', 'a broker failed for a reason that it keeps to its log');

export const login = fatal(
  'transport.login',
  ({ brokers }) => `Kafka at ${brokers} refuses the login: check the mechanism, the user name and the password of the connection`,
);

const tooLarge = poison(
  'transport.too-large',
  (context) =>
    `${topicOf(context)} does not take a message that large: see max.message.bytes of the topic and message.max.bytes of the broker`,
);

const topicMissing = fatal(
  'transport.topic-missing',
  (context, remedy = 'make it (kafka-topics.sh --create), or correct the name') =>
    `${topicOf(context)} does not exist in Kafka at ${context.brokers}, or the user may not describe it: ${remedy}`,
);

const deniedTopic = fatal('transport.denied-topic', (context) => {
  const { brokers, operation } = context;
  const [deed, acl] =
    operation === undefined ? ['use', 'an ACL to describe and to read or write it'] : [deeds[operation], `an ACL for ${operation} on it`];
  return `the user may not ${deed} ${topicOf(context)} in Kafka at ${brokers}: it needs ${acl}`;
});

const sessionRefused = fatal('transport.session-timeout', (context) => {
  const { brokers, sessionTimeoutMs } = context;
  const value = sessionTimeoutMs === undefined ? 'the session timeout of its members' : `a session timeout of ${sessionTimeoutMs} ms`;
  return `Kafka at ${brokers} does not admit ${value} to ${groupOf(context)}: the brokers' group.min.session.timeout.ms must not be above it, nor group.max.session.timeout.ms below`;
});

/** Verdicts by the name that kafkajs gives to Kafka's error codes (kafka.apache.org/protocol#protocol_error_codes). */
export const verdicts: Readonly<Record<string, Verdict>> = {
  // -1 and 8 pass with time, whatever kafkajs says of them: Kafka's own consumer goes on after them, too.
  UNKNOWN: troubled,
  BROKER_NOT_AVAILABLE: troubled,
  UNKNOWN_TOPIC_OR_PARTITION: topicMissing,
  INVALID_TOPIC_EXCEPTION: fatal('transport.topic-invalid', (context) => `${topicOf(context)} is not a name that Kafka allows`),
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
  ILLEGAL_GENERATION: gone,
  UNKNOWN_MEMBER_ID: gone,
  INCONSISTENT_GROUP_PROTOCOL: fatal(
    'transport.group-protocol',
    (context) =>
      `${groupOf(context)} in Kafka at ${context.brokers} has members that share its partitions in another way: end them, they are not of this DSF, or set a DSF_INTERNAL_PREFIX of your own`,
  ),
  GROUP_MAX_SIZE_REACHED: fatal(
    'transport.group-full',
    (context) =>
      `${groupOf(context)} in Kafka at ${context.brokers} has as many members as it may: run fewer replicas, or raise group.max.size of the brokers`,
  ),
  INVALID_SESSION_TIMEOUT: sessionRefused,
  MESSAGE_TOO_LARGE: tooLarge,
  RECORD_LIST_TOO_LARGE: tooLarge,
  INVALID_RECORD: poison(
    'transport.refused',
    (context) => `${topicOf(context)} refuses a message; a compacted topic takes none without a key`,
  ),
  INVALID_TIMESTAMP: poison('transport.refused', (context) => `${topicOf(context)} refuses the time of a message`),
  SASL_AUTHENTICATION_FAILED: login,
  UNSUPPORTED_SASL_MECHANISM: login,
  ILLEGAL_SASL_STATE: login,
  TOPIC_AUTHORIZATION_FAILED: deniedTopic,
  GROUP_AUTHORIZATION_FAILED: fatal(
    'transport.denied-group',
    (context) => `the user may not be a member of ${groupOf(context)} in Kafka at ${context.brokers}: it needs an ACL to read the group`,
  ),
  CLUSTER_AUTHORIZATION_FAILED: fatal(
    'transport.denied-cluster',
    ({ brokers }) => `the user may not do this in Kafka at ${brokers}: it needs an ACL on the cluster`,
  ),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: fatal(
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
  POLICY_VIOLATION: fatal(
    'transport.policy',
    (context) => `a policy of Kafka at ${context.brokers} forbids ${topicOf(context)} as it was asked for`,
  ),
  INVALID_REPLICATION_FACTOR: fatal(
    'transport.replication',
    (context) => `${topicOf(context)} cannot be made: Kafka at ${context.brokers} has fewer brokers than replicas were asked for`,
  ),
};
