import errors from 'kafkajs/src/protocol/error.js';
import { Failure, type PartitionBounds } from '@dsf/ports';
import type { Cursor, Look } from './cursor.ts';
import { asLeaderFailure } from './kafka-failure.ts';
import type { KafkaClient } from './kafka-client.ts';
import { planFetch, type FetchLimits, type FetchPlan } from './fetch-plan.ts';
import { fetchRecords, type FetchedPartition, type FetchPlace } from './fetch-request.ts';

export interface FetcherOptions extends FetchLimits {
  readonly client: KafkaClient;
  readonly topic: string;
  /** Now, for the failure that an offset outside of them causes. */
  readonly bounds: (partition: number) => Promise<PartitionBounds>;
  /** How long a broker waits for messages; a partition that is sought or read empty meanwhile waits as long. */
  readonly pollMs: number;
}

/** Fetches ahead for the partitions that one member has: one request per broker at a time, for all partitions that it leads and that have room. */
export interface Fetcher {
  add(cursor: Cursor): void;
  remove(cursor: Cursor): void;
  /** A cursor has room, or has been moved. */
  kick(): void;
  close(): Promise<void>;
}

const outOfRange = 1;
const notLeader = 6;
/** Kafka's codes for "not the topic that has the id": unknown, or another than the log's. kafkajs does not know them. */
const otherTopicCodes: readonly number[] = [100, 103];
/** Kafka's codes for "ask somebody else": unknown topic, leader not available, not leader, leader epochs. */
const staleCodes: readonly number[] = [3, 5, notLeader, 9, 56, 74, 75, ...otherTopicCodes];
const pauseAfterFailureMs = 250;

const makeOutOfRange = (topic: string, cursor: Cursor, bounds: PartitionBounds, isOther: boolean): Failure => {
  const offset = cursor.wants();
  const where = `partition ${cursor.partition} of topic "${topic}"`;
  const why = isOther ? `was one of a topic before: ${where} was made anew and` : `is not in ${where}, which`;
  const text = `offset ${offset ?? 'unknown'} ${why} holds the offsets from ${bounds.start} to before ${bounds.end}`;
  return new Failure('fatal', 'transport.out-of-range', text, {
    topic,
    partition: cursor.partition,
    offset,
    start: bounds.start,
    end: bounds.end,
  });
};

/**
 * What was fetched is not in the log any more, and something else is: a replica that lacked it became the leader, or an old copy of the log
 * was put in its place. Offsets are as they were, so that nothing else would tell.
 */
const makeDiverged = (topic: string, { partition, offset }: FetchPlace, divergesAt: number): Failure => {
  const where = `partition ${partition} of topic "${topic}"`;
  const text = `the log of ${where} has lost the offsets from ${divergesAt} to before ${offset} after they were fetched: from ${divergesAt} on they are those of other records now. Define a source with a new name to read the topic as it is`;
  return new Failure('fatal', 'transport.diverged', text, { topic, partition, offset, start: divergesAt });
};

interface Asked {
  readonly cursor: Cursor;
  readonly look: Look;
  readonly place: FetchPlace;
}

/** Remembers for each cursor which topic its offsets are of, from the first fetch after it was placed. */
const makeOrigins = () => {
  const origins = new WeakMap<Cursor, { readonly epoch: number; readonly topicId: string }>();
  return {
    /** False when the topic of the name is another one now. */
    isSame: ({ cursor, look: { epoch } }: Asked, topicId: string | null): boolean => {
      const known = origins.get(cursor);
      if (known?.epoch === epoch) return topicId === null || known.topicId === topicId;
      if (topicId !== null) origins.set(cursor, { epoch, topicId });
      return true;
    },
  };
};

type Sizes = Pick<FetchPlan, 'partitionBytesMax' | 'bytesMax'>;

/** One request to one broker, and what comes of it for each cursor. @param served - is told for whom something came */
const makePolls = ({ client, topic, bounds, pollMs }: FetcherOptions, served: (cursor: Cursor) => void) => {
  const origins = makeOrigins();
  const failAll = (asked: readonly Pick<Asked, 'cursor' | 'look'>[], error: unknown): void => {
    for (const { cursor, look } of asked)
      cursor.failed(look, asLeaderFailure(error, { brokers: client.brokers, topic, partition: cursor.partition }));
  };

  const settle = async ({ cursor, look, place }: Asked, { error, divergesAt, records }: FetchedPartition): Promise<void> => {
    if (divergesAt !== null) cursor.failed(look, makeDiverged(topic, place, divergesAt));
    else if (error === 0) {
      cursor.arrived(look, records);
      if (records.next !== null) served(cursor);
    } else if (error === outOfRange) cursor.failed(look, makeOutOfRange(topic, cursor, await bounds(cursor.partition), false));
    else {
      if (staleCodes.includes(error)) client.forget(topic);
      failAll([{ cursor, look }], errors.createErrorFromCode(otherTopicCodes.includes(error) ? notLeader : error));
    }
  };

  /** The same offsets mean other messages in a topic that was made anew, so none of them is fetched. */
  const refuseOthers = async (asked: readonly Asked[], topicId: string | null): Promise<readonly Asked[]> => {
    const [same, others] = [[] as Asked[], [] as Asked[]];
    for (const entry of asked) (origins.isSame(entry, topicId) ? same : others).push(entry);
    for (const { cursor, look } of others) cursor.failed(look, makeOutOfRange(topic, cursor, await bounds(cursor.partition), true));
    return same;
  };

  const poll = async (nodeId: number, all: readonly Asked[], sizes: Sizes): Promise<boolean> => {
    let asked = all;
    try {
      const topicId = await client.topicId(topic);
      asked = await refuseOthers(all, topicId);
      if (asked.length === 0) return false;
      const broker = await client.broker(nodeId);
      const answers = await fetchRecords(broker, {
        ...{ topic, topicId, ...sizes },
        waitMs: pollMs,
        partitions: asked.map(({ place }) => place),
      });
      for (const entry of asked) {
        const answer = answers.find(({ partition }) => partition === entry.place.partition);
        if (answer !== undefined) await settle(entry, answer);
      }
      return asked.length === all.length && answers.every(({ error, divergesAt }) => error === 0 && divergesAt === null);
    } catch (error) {
      client.forget(topic);
      failAll(asked, error);
      return false;
    }
  };
  /** Null when the cluster cannot be asked. */
  const groupByLeader = async (open: readonly Cursor[]): Promise<ReadonlyMap<number, readonly Cursor[]> | null> => {
    try {
      const leaders = await client.leaders(topic);
      return Map.groupBy(open, (cursor) => leaders[cursor.partition] ?? -1);
    } catch (error) {
      failAll(
        open.map((cursor) => ({ cursor, look: cursor.began() })),
        error,
      );
      return null;
    }
  };
  return { poll, groupByLeader };
};

/** For one cursor, as it stands; nothing where it was not placed yet. */
const askFor = (cursor: Cursor): readonly Asked[] => {
  const offset = cursor.wants();
  if (offset === null) return [];
  return [{ cursor, place: { partition: cursor.partition, offset, leaderEpoch: cursor.leaderEpoch() }, look: cursor.began() }];
};

export const makeFetcher = (options: FetcherOptions): Fetcher => {
  const { clock } = options.client;
  /** Whoever was served longest ago stands first: a broker fills its answer in the order of the request (KIP-74). */
  const cursors = new Set<Cursor>();
  const { poll, groupByLeader } = makePolls(options, (cursor) => {
    if (cursors.delete(cursor)) cursors.add(cursor);
  });
  const polling = new Map<number, Promise<void>>();
  const closing = new AbortController();
  const closed = closing.signal;
  let resting: Promise<void> | null = null;
  let starting: Promise<void> | null = null;
  let again = false;

  const askLeader = (nodeId: number, group: readonly Cursor[], sizes: Sizes): void => {
    if (polling.has(nodeId) || closed.aborted) return;
    const asked = group.filter((cursor) => cursors.has(cursor)).flatMap(askFor);
    const run = poll(nodeId, asked, sizes).then((wentWell) => {
      polling.delete(nodeId);
      if (wentWell) kick();
      else rest();
    });
    polling.set(nodeId, run);
  };
  const startPolls = async (): Promise<void> => {
    const { open, partitionBytesMax, bytesMax } = planFetch(options, [...cursors]);
    const byLeader = open.length === 0 ? new Map<number, Cursor[]>() : await groupByLeader(open);
    if (byLeader === null) return rest();
    const each = Math.max(1, Math.min(options.fetchBytesMax, Math.floor(bytesMax / byLeader.size)));
    for (const [nodeId, group] of byLeader) askLeader(nodeId, group, { partitionBytesMax, bytesMax: each });
  };
  const kick = (): void => {
    if (closed.aborted || resting !== null) return;
    again = true;
    starting ??= (async () => {
      while (again && !closed.aborted) {
        again = false;
        await startPolls();
      }
      starting = null;
    })();
  };
  /** After a failure: a broker that is down need not be asked thousands of times. */
  const rest = (): void => {
    resting ??= clock.sleep(pauseAfterFailureMs, closed).then(() => {
      resting = null;
      kick();
    });
  };

  return {
    add: (cursor) => {
      cursors.add(cursor);
      kick();
    },
    remove: (cursor) => void cursors.delete(cursor),
    kick,
    close: async () => {
      closing.abort();
      cursors.clear();
      await Promise.all([resting, starting]);
    },
  };
};
