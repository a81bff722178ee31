import errors from 'kafkajs/src/protocol/error.js';
import { Failure, type OutgoingMessage } from '@dsf/ports';
import { asLeaderFailure, kafkaErrorName } from './kafka-failure.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { Producer } from './producer.ts';
import { batchOverheadBytes, encodeBatch, recordBytes, type BatchStamp } from './record-batch.ts';
import { produceBatches } from './requests.ts';

export interface SenderOptions {
  readonly client: KafkaClient;
  readonly producer: Producer;
  /** Largest batch that a topic takes, bytes. */
  readonly batchBytesMax: (topic: string) => number;
  readonly ackTimeoutMs: number;
}

export interface Sender {
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

/** Sends that wait at the same moment go out together, up to this size. */
const turnBytesMax = 16 * 1024 * 1024;

interface Sending {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
  readonly bytes: number;
  readonly settle: { readonly resolve: () => void; readonly reject: (error: Failure) => void };
}

/** What one turn sends to one partition, in order. Its first failure ends it: what follows must not overtake. */
interface Channel {
  readonly topic: string;
  readonly partition: number;
  readonly sendings: Set<Sending>;
  batches: (readonly OutgoingMessage[])[];
  failure: Failure | null;
  /** Of the first batch, from its first try on. */
  stamp: BatchStamp | null;
  /** How often the first batch has to be tried again, and since when. */
  retries: number;
  triedSince: number | null;
}

const tooLargeForKafka = 'MESSAGE_TOO_LARGE';
/** Codes that mean: somebody else leads the partition now, or it is gone. */
const staleNames = [
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
];

/** Failures that pass by themselves: a broker that has just started has no identity to give, and between two leaders a partition has none. */
const passingCodes: readonly string[] = ['transport.coordinator', 'transport.leader-changed'];
/** Whether the batch is in the log is not known; the same again is taken once, by its number. */
const unsureNames = ['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'];
/** The log has the batch from an earlier try. */
const hadAlready = 46;

const retriesMax = 10;
/**
 * A broker that is silent lets each try wait for the request's own timeout. Whoever sends decides then whether to go on: it may have been asked
 * to stop.
 */
const unsureMsMax = 30_000;
const retryPauseMs = 100;

const never = new AbortController().signal;

const cutBatches = (messages: readonly OutgoingMessage[], bytesMax: number): (readonly OutgoingMessage[])[] => {
  const batches: OutgoingMessage[][] = [];
  let bytes = Infinity;
  for (const message of messages) {
    const size = recordBytes(message);
    if (bytes + size > bytesMax) {
      batches.push([]);
      bytes = batchOverheadBytes;
    }
    batches.at(-1)?.push(message);
    bytes += size;
  }
  return batches;
};

const openChannels = (turn: readonly Sending[], batchBytesMax: SenderOptions['batchBytesMax']): readonly Channel[] => {
  const channels = new Map<string, Channel & { readonly messages: OutgoingMessage[] }>();
  for (const sending of turn) {
    for (const message of sending.messages) {
      const key = `${message.partition}:${sending.topic}`;
      let channel = channels.get(key);
      if (channel === undefined) {
        channel = {
          topic: sending.topic,
          partition: message.partition,
          sendings: new Set(),
          batches: [],
          failure: null,
          stamp: null,
          retries: 0,
          triedSince: null,
          messages: [],
        };
        channels.set(key, channel);
      }
      channel.sendings.add(sending);
      channel.messages.push(message);
    }
  }
  for (const channel of channels.values()) channel.batches = cutBatches(channel.messages, batchBytesMax(channel.topic));
  return [...channels.values()];
};

const unconfirmed = ({ topic, partition }: Channel): Failure =>
  new Failure('retry', 'transport.unconfirmed', `topic "${topic}": the broker did not confirm partition ${partition}`, {
    topic,
    partition,
  });

/** What an answer, or none, means for the first batch of a channel. */
const makeVerdicts = ({ client, producer }: SenderOptions) => {
  const fail = (channel: Channel, error: unknown): void => {
    if (staleNames.includes(kafkaErrorName(error))) client.forget(channel.topic);
    const { topic, partition } = channel;
    const writer = producer.transactionalId === null ? {} : { writer: producer.transactionalId };
    channel.failure = asLeaderFailure(error, { brokers: client.brokers, topic, partition, ...writer });
    channel.batches = [];
  };
  const retry = (channel: Channel): void => {
    channel.retries += 1;
    client.forget(channel.topic);
  };
  const mayGoOn = ({ triedSince, retries }: Channel): boolean =>
    client.clock.now() - (triedSince ?? 0) < unsureMsMax && retries < retriesMax;
  /** Nobody knows whether it is in the log. */
  const unsure = (channel: Channel, error: unknown): void => {
    if (mayGoOn(channel)) return retry(channel);
    producer.forget();
    fail(channel, error);
  };
  /** It could not be sent. What was tried before may be in the log. */
  const held = (channel: Channel, error: unknown): void => {
    if (channel.stamp !== null) return unsure(channel, error);
    const isPassing = error instanceof Failure && passingCodes.includes(error.code);
    if (isPassing && mayGoOn(channel)) channel.retries += 1;
    else fail(channel, error);
  };
  const confirm = (channel: Channel, error: number | undefined): void => {
    const [batch, ...rest] = channel.batches;
    if (batch === undefined || channel.stamp === null) return;
    if (error === undefined) return unsure(channel, unconfirmed(channel));
    if (error === 0 || error === hadAlready) {
      producer.confirmed(channel.topic, channel.partition, batch, channel.stamp);
      [channel.batches, channel.stamp, channel.retries, channel.triedSince] = [rest, null, 0, null];
      return;
    }
    const reason = errors.createErrorFromCode(error);
    const name = kafkaErrorName(reason);
    if (unsureNames.includes(name)) return unsure(channel, reason);
    if (staleNames.includes(name) && channel.retries < retriesMax) return retry(channel);
    const middle = Math.ceil(batch.length / 2);
    // The topic takes less than it was thought to: the same messages in smaller batches.
    if (name === tooLargeForKafka && batch.length > 1) {
      [channel.batches, channel.stamp] = [[batch.slice(0, middle), batch.slice(middle), ...rest], null];
      return;
    }
    if (name !== tooLargeForKafka) producer.forget();
    fail(channel, reason);
  };
  return { held, unsure, confirm };
};

/** Sends the first batch that is left of each channel, to all brokers at once. */
const makeRounds = (options: SenderOptions) => {
  const { client, producer, ackTimeoutMs } = options;
  const { held, unsure, confirm } = makeVerdicts(options);

  /** The first batch of each channel that one broker leads. */
  const sendToLeader = async (nodeId: number, channels: readonly Channel[]): Promise<void> => {
    try {
      const broker = await client.broker(nodeId);
      const topics = new Map<string, { readonly partition: number; readonly batch: Buffer }[]>();
      for (const channel of channels) {
        const { topic, partition, batches } = channel;
        channel.stamp ??= producer.stamp(topic, partition);
        const parts = topics.get(topic) ?? [];
        parts.push({ partition, batch: encodeBatch(batches[0] ?? [], client.clock.now(), channel.stamp) });
        topics.set(topic, parts);
      }
      const { transactionalId } = producer;
      const answers = await produceBatches(broker, { transactionalId, timeoutMs: ackTimeoutMs, topics });
      for (const channel of channels) {
        confirm(channel, answers.find(({ topic, partition }) => topic === channel.topic && partition === channel.partition)?.error);
      }
    } catch (error) {
      client.forget();
      for (const channel of channels) unsure(channel, error);
    }
  };
  return async (channels: readonly Channel[]): Promise<void> => {
    const retries = Math.max(...channels.map((channel) => channel.retries));
    if (retries > 0) await client.clock.sleep(retryPauseMs * retries, never);
    const byLeader = new Map<number, Channel[]>();
    for (const channel of channels) {
      channel.triedSince ??= client.clock.now();
      try {
        await producer.ready(channel.topic);
        const leader = (await client.leaders(channel.topic))[channel.partition] ?? -1;
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), channel]);
      } catch (error) {
        held(channel, error);
      }
    }
    await Promise.all([...byLeader].map(([nodeId, led]) => sendToLeader(nodeId, led)));
  };
};

export const makeSender = (options: SenderOptions): Sender => {
  const { batchBytesMax } = options;
  const queue: Sending[] = [];
  const sendRound = makeRounds(options);
  let running: Promise<void> | null = null;

  const sendTurn = async (turn: readonly Sending[]): Promise<void> => {
    const channels = openChannels(turn, batchBytesMax);
    for (let open = channels; open.length > 0; open = channels.filter(({ batches }) => batches.length > 0)) await sendRound(open);
    for (const sending of turn) {
      const failed = channels.find(({ failure, sendings }) => failure !== null && sendings.has(sending));
      if (failed?.failure) sending.settle.reject(failed.failure);
      else sending.settle.resolve();
    }
  };
  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      let bytes = 0;
      const end = queue.findIndex((sending, index) => (bytes += sending.bytes) > turnBytesMax && index > 0);
      await sendTurn(queue.splice(0, end < 0 ? queue.length : end));
    }
    running = null;
  };

  return {
    send: async (topic, messages) => {
      const bytes = messages.reduce((sum, message) => sum + recordBytes(message), 0);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      queue.push({ topic, messages, bytes, settle: { resolve, reject } });
      // A moment later, so that the lanes that finish in this turn of the event loop share the requests.
      running ??= new Promise<void>((go) => setImmediate(go)).then(run);
      await promise;
    },
    idle: async () => {
      await running;
    },
  };
};
