import errors from 'kafkajs/src/protocol/error.js';
import { Failure, type OutgoingMessage } from '@dsf/ports';
import { asLeaderFailure, kafkaErrorName } from './kafka-failure.ts';
import type { KafkaClient } from './kafka-client.ts';
import { batchOverheadBytes, encodeBatch, recordBytes } from './record-batch.ts';
import { produceBatches } from './requests.ts';

export interface SenderOptions {
  readonly client: KafkaClient;
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
  /** How often a broker has said that another leads the partition. */
  moves: number;
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

/** A refusal by a broker that does not lead: nothing was appended, and the next asked does. */
const movesMax = 10;
const movePauseMs = 100;

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
          moves: 0,
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

/** Sends the first batch that is left of each channel, to all brokers at once. */
const makeRounds = (client: KafkaClient, ackTimeoutMs: number) => {
  const fail = (channel: Channel, error: unknown): void => {
    if (staleNames.includes(kafkaErrorName(error))) client.forget(channel.topic);
    channel.failure = asLeaderFailure(error, { brokers: client.brokers, topic: channel.topic });
    channel.batches = [];
  };
  const confirm = (channel: Channel, error: number | undefined): void => {
    const [batch, ...rest] = channel.batches;
    if (batch === undefined) return;
    if (error === 0) {
      channel.batches = rest;
      return;
    }
    if (error === undefined) return fail(channel, unconfirmed(channel));
    const reason = errors.createErrorFromCode(error);
    if (staleNames.includes(kafkaErrorName(reason)) && channel.moves < movesMax) {
      channel.moves += 1;
      client.forget(channel.topic);
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    // The topic takes less than the broker does by default: the same messages in smaller batches.
    if (kafkaErrorName(reason) === tooLargeForKafka && batch.length > 1)
      channel.batches = [batch.slice(0, middle), batch.slice(middle), ...rest];
    else fail(channel, reason);
  };

  /** The first batch of each channel that one broker leads. */
  const sendToLeader = async (nodeId: number, channels: readonly Channel[]): Promise<void> => {
    try {
      const broker = await client.broker(nodeId);
      const topics = new Map<string, { readonly partition: number; readonly batch: Buffer }[]>();
      for (const { topic, partition, batches } of channels) {
        const parts = topics.get(topic) ?? [];
        parts.push({ partition, batch: encodeBatch(batches[0] ?? [], client.clock.now()) });
        topics.set(topic, parts);
      }
      const answers = await produceBatches(broker, { timeoutMs: ackTimeoutMs, topics });
      for (const channel of channels) {
        confirm(channel, answers.find(({ topic, partition }) => topic === channel.topic && partition === channel.partition)?.error);
      }
    } catch (error) {
      client.forget();
      for (const channel of channels) fail(channel, error);
    }
  };
  const sendRound = async (channels: readonly Channel[]): Promise<void> => {
    if (channels.some(({ moves }) => moves > 0)) await client.clock.sleep(movePauseMs, never);
    const byLeader = new Map<number, Channel[]>();
    for (const channel of channels) {
      try {
        const leader = (await client.leaders(channel.topic))[channel.partition] ?? -1;
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), channel]);
      } catch (error) {
        fail(channel, error);
      }
    }
    await Promise.all([...byLeader].map(([nodeId, led]) => sendToLeader(nodeId, led)));
  };
  return sendRound;
};

export const makeSender = ({ client, batchBytesMax, ackTimeoutMs }: SenderOptions): Sender => {
  const queue: Sending[] = [];
  const sendRound = makeRounds(client, ackTimeoutMs);
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
