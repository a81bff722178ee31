import { randomUUID } from 'node:crypto';
import { Failure, makeSubscriptions, type Clock, type Transport } from '@dsf/ports';
import { openLogFile, type LogFile, type Topic } from './log-file.ts';
import type { Place } from './news.ts';
import { makeSender } from './sender.ts';
import type { Statements } from './statements.ts';
import { openSubscription } from './subscription.ts';
import { trimStep } from './trim.ts';

export interface LocalTransportConfig {
  /** Path of the log's own SQLite file; made, with its folders, where it is missing. Relative to the working directory. */
  readonly file: string;
  readonly clock: Clock;
  /** A group takes over the partitions of a member that was not heard of for so long. Default 3,000. */
  readonly memberTimeoutMs?: number;
  /** How often to look for messages of other processes while a read waits; those of this process wake it at once. Default 5. */
  readonly pollMs?: number;
  /** How long a write tries while other processes hold the file. Default 5,000. */
  readonly busyMs?: number;
  /** Largest message body. Default 64 MiB. */
  readonly messageBytesMax?: number;
  /**
   * Topics that are a convenience, because their readers refill from rows what a topic loses: their messages survive the death of the process,
   * not a cut of the power, and go once every group has acknowledged them, `keepMs` after they came. Other topics keep everything.
   */
  readonly convenience?: { readonly topics: readonly string[]; readonly keepMs: number };
}

/** A messaging system in one file: a durable log with numbered partitions, consumer groups, and any number of processes at once. */
export interface LocalTransport extends Transport {
  /** Deletes the messages of a partition below offset `before`; offsets are never given again. */
  trim(topic: string, partition: number, before: number): Promise<void>;
}

const mebibyte = 1024 * 1024;
const partitionsMax = 65_536;

const placeOf = (topic: Topic, partition: number): Place => {
  const place = topic.places[partition];
  if (place !== undefined) return place;
  const text = `topic "${topic.name}" has ${topic.places.length} partitions, there is no partition ${partition}`;
  throw new Failure('fatal', 'transport.partition-missing', text, { topic: topic.name, partition });
};

/** First offset at or after a time, by halving: times never fall within a partition. */
const findOffset = (statements: Statements, { topic, part }: Place, time: number): number => {
  const { start, next } = statements.head(topic, part);
  let low = start;
  let high = next;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const chunk = statements.spanAt(topic, part, middle);
    if (chunk === undefined || chunk.time >= time) high = Math.max(low, Math.min(middle, chunk?.base ?? middle));
    else low = chunk.last + 1;
  }
  return low;
};

const trimBelow = async (log: LogFile, place: Place, before: number): Promise<void> => {
  let more = true;
  while (more) more = await log.write('crash', (statements) => trimStep(statements, place, { before, olderThan: Infinity }));
};

const growTopic = async (log: LogFile, topic: Topic, partitions: number): Promise<void> => {
  await log.write('power-cut', (statements) => {
    const from = statements.topic(topic.name)?.partitions ?? 0;
    if (from >= partitions) return;
    statements.growTopic(topic.id, { from, to: partitions });
    // Members elsewhere look at the topic again.
    statements.membershipChanged();
  });
  log.growPlaces(topic);
  log.news.membership.ring();
};

const ensureTopic = async (log: LogFile, name: string, partitions: number): Promise<void> => {
  if (name === '' || !Number.isInteger(partitions) || partitions < 1 || partitions > partitionsMax) {
    const text = `cannot create topic "${name}" with ${partitions} partitions: give it a name and 1 to ${partitionsMax} partitions`;
    throw new Failure('fatal', 'transport.topic-invalid', text, { topic: name, partitions });
  }
  const found = await log.write('power-cut', (statements) => {
    const existing = statements.topic(name);
    if (existing !== undefined) return existing.partitions;
    statements.insertTopic(name, partitions);
    return partitions;
  });
  if (found >= partitions) return;
  const text = `topic "${name}" has ${found} partitions, ${partitions} are needed; the number is fixed when a topic is made`;
  throw new Failure('fatal', 'transport.partitions', text, { topic: name, partitions: found, needed: partitions });
};

/**
 * Opens the log. What `send` resolved for survives a cut of the power, except in topics that are a convenience; acknowledgements survive the
 * death of the process only, after a power cut some messages may come again. Transports of one process on one file share a connection.
 * @throws Failure `fatal` `transport.format` or `transport.corrupt`; `retry` `transport.busy`, `transport.unavailable`
 */
export const openLocalTransport = async (config: LocalTransportConfig): Promise<LocalTransport> => {
  const { file, clock, memberTimeoutMs = 3000, pollMs = 5, busyMs = 5000, messageBytesMax = 64 * mebibyte, convenience } = config;
  const log = await openLogFile({ file, clock, pollMs, busyMs });
  const sender = makeSender(log, { bytesMax: messageBytesMax, survivesPowerCut: (topic) => convenience?.topics.includes(topic) !== true });
  const owner = randomUUID();
  const subscriptions = makeSubscriptions();
  /** Another process may have grown the topic since it was read here. */
  const grown = (name: string, partition: number): Topic => {
    const topic = log.topic(name);
    if (topic.places[partition] === undefined) log.growPlaces(topic);
    return topic;
  };
  const place = (topic: string, partition: number): Place => placeOf(grown(topic, partition), partition);

  return {
    capabilities: { offsets: 'broker', messageBytesMax, system: 'dsf_local' },
    clusterId: async () => log.read((statements) => statements.clusterId()),
    ensureTopic: (topic, partitions) => ensureTopic(log, topic, partitions),
    growTopic: async (topic, partitions) => growTopic(log, log.topic(topic), partitions),
    partitionCount: async (name) => {
      const topic = log.topic(name);
      log.growPlaces(topic);
      return topic.places.length;
    },
    bounds: async (topic, partition) => {
      const at = place(topic, partition);
      const { start, next } = log.read((statements) => statements.head(at.topic, at.part));
      return { start, end: next };
    },
    offsetAt: async (topic, partition, time) => {
      const at = place(topic, partition);
      return log.read((statements) => findOffset(statements, at, time));
    },
    subscribe: async (topic, group, _lanes, beside = 0) => {
      const keepMs = convenience?.topics.includes(topic) === true ? convenience.keepMs : null;
      return subscriptions.add(await openSubscription({ log, topic: log.topic(topic), group, owner, memberTimeoutMs, keepMs, beside }));
    },
    send: async (topic, messages) =>
      sender.send(
        grown(
          topic,
          messages.reduce((most, { partition }) => Math.max(most, partition), 0),
        ),
        messages,
      ),
    trim: async (topic, partition, before) => trimBelow(log, place(topic, partition), before),
    close: async () => {
      await subscriptions.close();
      await sender.idle();
      await log.close();
    },
  };
};
