import { Failure, type FailureFacts } from '@dsf/ports';
import { fatal, login, retry, topicOf, verdicts, whereOf, type FailureContext, type Verdict } from './kafka-verdicts.ts';

/** Names of the errors of node:tls that no waiting mends; those of OpenSSL begin with ERR_SSL. */
const tlsCodes = ['CERT_', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT', 'UNABLE_TO_', 'ERR_TLS_', 'ERR_SSL', 'EPROTO', 'ERR_OSSL'];
/** As c-ares calls it: no answer came in time. What a socket of ours says of a name that it still waits for. */
export const unresolvedCode = 'ETIMEOUT';

/** What kafkajs says, in an error without a name, of a broker that has taken a connection and never said a word. */
const unconnected = 'Broker not connected';

const ownText = (error: unknown, key: 'type' | 'code' | 'name' | 'broker'): string => {
  const value: unknown = error instanceof Error ? (error as Error & Readonly<Record<string, unknown>>)[key] : undefined;
  return typeof value === 'string' ? value : '';
};

/** kafkajs has the errors of an answer in a list, of classes of its own: for topics, and for the records of partitions. */
const within = (error: Error): unknown => {
  if ('errors' in error && Array.isArray(error.errors)) return error.errors[0];
  if (!('partitions' in error && Array.isArray(error.partitions))) return error.cause;
  const [first] = error.partitions as readonly { readonly error?: unknown }[];
  return first?.error;
};

/** kafkajs wraps errors into errors when it gives up; what counts is the innermost. */
const innermost = (error: unknown): unknown => {
  let inner = error;
  for (let depth = 0; depth < 8 && inner instanceof Error; depth += 1) {
    const next = within(inner);
    if (!(next instanceof Error)) break;
    inner = next;
  }
  return inner;
};

/** Whether the connection names the broker, or the cluster does. */
const unresolved = (broker: string, hasNoAnswer: boolean): Verdict => ({
  kind: 'retry',
  code: 'transport.host-unknown',
  text: (context) => {
    const is = hasNoAnswer ? 'was not resolved in time' : 'cannot be resolved';
    const isNamed = broker === '' || context.brokers.split(', ').includes(broker);
    const remedy = isNamed
      ? 'correct the brokers of the connection'
      : 'the cluster names it so: correct advertised.listeners of that broker';
    const dns = hasNoAnswer ? ', or mend the name service of this machine' : '';
    return `the name of the broker ${broker} ${is}: ${remedy}${dns} (${whereOf(context)})`;
  },
});

/** A listener that got what it does not understand says no word. */
const closed = (broker: string, reason: string): Verdict =>
  retry(
    'transport.unavailable',
    `the broker ${broker} has closed the connection: ${reason}. One that ends does so, and one that wants encryption or a login where the connection has none, or the reverse: compare \`tls\` and \`sasl\` of the connection with that listener of the broker`,
  );

const connectionVerdict = (error: unknown, reason: string): Verdict => {
  const [code, broker] = [ownText(error, 'code'), ownText(error, 'broker')];
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === unresolvedCode) return unresolved(broker, code === unresolvedCode);
  if (tlsCodes.some((start) => code.startsWith(start)))
    return fatal('transport.tls', ({ brokers }) => `no secure connection to Kafka at ${brokers}: ${reason}`);
  if (code === 'ECONNRESET' || ownText(error, 'name') === 'KafkaJSConnectionClosedError') return closed(broker, reason);
  return retry('transport.unavailable', `the broker ${broker} cannot be reached: ${reason}`);
};

const verdictOf = (error: unknown): Verdict => {
  const known = verdicts[ownText(error, 'type')];
  if (known !== undefined) return known;
  const name = ownText(error, 'name');
  const reason = error instanceof Error ? error.message : String(error);
  if (name === 'KafkaJSSASLAuthenticationError') return login;
  if (name.startsWith('KafkaJSConnection')) return connectionVerdict(error, reason);
  // What else kafkajs calls retriable: timeouts, metadata that is not there yet, a broker that has gone.
  const canRetry = error instanceof Error && 'retriable' in error && error.retriable === true;
  const isGone = name.includes('Timeout') || name.includes('NotFound') || reason === unconnected;
  if (canRetry || isGone) return retry('transport.unavailable', reason);
  return fatal('transport.failed', (context) => `Kafka failed: ${reason} (${whereOf(context)})`);
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
  const text = `${topicOf(context)} is not where it was (${whereOf(context)})`;
  return new Failure('retry', 'transport.leader-changed', text, failure.facts, { cause: error });
};
