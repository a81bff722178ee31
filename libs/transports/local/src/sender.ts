import { Failure, type OutgoingMessage } from '@dsf/ports';
import { messageBytes, packFrames } from './frames.ts';
import type { LogFile, Topic } from './log-file.ts';
import type { Statements } from './statements.ts';

/** Chunks are cut at these limits, so that a short read does not load a long send; one message may be larger alone. */
const chunkRecordsMax = 250;
const chunkBytesMax = 256 * 1024;
/** Sends that wait at the same moment share one transaction, and with it one sync of the disk, up to this size. */
const commitBytesMax = 16 * 1024 * 1024;

/** Messages of one send to one partition, in bounded pieces, packed before the transaction begins. */
interface Parcel {
  readonly part: number;
  readonly chunks: readonly { readonly count: number; readonly frames: Uint8Array }[];
}

interface Sending {
  readonly topic: Topic;
  readonly parcels: readonly Parcel[];
  readonly bytes: number;
  readonly settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };
}

const packChunks = (messages: readonly OutgoingMessage[]): Parcel['chunks'] => {
  const chunks: { count: number; frames: Uint8Array }[] = [];
  let from = 0;
  let bytes = 0;
  const cut = (to: number): void => {
    if (to > from) chunks.push({ count: to - from, frames: packFrames(messages.slice(from, to), bytes) });
    from = to;
    bytes = 0;
  };
  for (const [index, message] of messages.entries()) {
    const size = messageBytes(message);
    if (index - from >= chunkRecordsMax || bytes + size > chunkBytesMax) cut(index);
    bytes += size;
  }
  cut(messages.length);
  return chunks;
};

const packParcels = (topic: Topic, messages: readonly OutgoingMessage[], bytesMax: number): readonly Parcel[] => {
  const byPart = new Map<number, OutgoingMessage[]>();
  for (const message of messages) {
    const { partition, body } = message;
    if (topic.places[partition] === undefined) {
      const text = `topic "${topic.name}" has ${topic.places.length} partitions, there is no partition ${partition}`;
      throw new Failure('fatal', 'transport.partition-missing', text, { topic: topic.name, partition });
    }
    const bytes = body?.byteLength ?? 0;
    if (bytes > bytesMax) {
      const text = `a message of ${bytes} bytes for topic "${topic.name}" is larger than the log takes (${bytesMax} bytes)`;
      throw new Failure('poison', 'transport.too-large', text, { topic: topic.name, partition, bytes, bytesMax });
    }
    const list = byPart.get(partition);
    if (list === undefined) byPart.set(partition, [message]);
    else list.push(message);
  }
  return [...byPart].map(([part, list]) => ({ part, chunks: packChunks(list) }));
};

/** @returns offset after the last message */
const append = (statements: Statements, topic: number, { part, chunks }: Parcel, now: number): number => {
  const head = statements.head(topic, part);
  // A clock that was set back must not put a message before its predecessor: `offsetAt` searches by time.
  const time = Math.max(now, head.time);
  let next = head.next;
  for (const { count, frames } of chunks) {
    statements.insertChunk(topic, part, { base: next, last: next + count - 1, time, frames });
    next += count;
  }
  statements.moveHead(topic, part, { next, time });
  return next;
};

export interface Sender {
  send(topic: Topic, messages: readonly OutgoingMessage[]): Promise<void>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

export interface SenderOptions {
  /** Largest message body. */
  readonly bytesMax: number;
  /** False for topics that may lose their newest messages with the power: no sync of the disk is waited for. */
  readonly survivesPowerCut: (topic: string) => boolean;
}

export const makeSender = (log: LogFile, { bytesMax, survivesPowerCut }: SenderOptions): Sender => {
  const queue: Sending[] = [];
  let running: Promise<void> | null = null;

  const takeTurn = (): readonly Sending[] => {
    let bytes = 0;
    const end = queue.findIndex((sending, index) => (bytes += sending.bytes) > commitBytesMax && index > 0);
    return queue.splice(0, end < 0 ? queue.length : end);
  };
  const commit = async (turn: readonly Sending[]): Promise<void> => {
    const now = log.clock.now();
    const durability = turn.some(({ topic }) => survivesPowerCut(topic.name)) ? 'power-cut' : 'crash';
    const ends = await log.write(durability, (statements) =>
      turn.flatMap(({ topic, parcels }) =>
        parcels.map((parcel) => ({ place: topic.places[parcel.part], next: append(statements, topic.id, parcel, now) })),
      ),
    );
    for (const { place, next } of ends) {
      if (place === undefined) continue;
      place.seen = next;
      place.bell.ring();
    }
  };
  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      const turn = takeTurn();
      try {
        await commit(turn);
        for (const { settle } of turn) settle.resolve();
      } catch (error) {
        for (const { settle } of turn) settle.reject(error);
      }
    }
    running = null;
  };
  return {
    send: async (topic, messages) => {
      const parcels = packParcels(topic, messages, bytesMax);
      if (parcels.length === 0) return;
      const bytes = parcels.reduce((sum, { chunks }) => sum + chunks.reduce((all, { frames }) => all + frames.byteLength, 0), 0);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      queue.push({ topic, parcels, bytes, settle: { resolve, reject } });
      // A moment later, so that the lanes that finish in this turn of the event loop share the commit.
      running ??= new Promise<void>((go) => setImmediate(go)).then(run);
      await promise;
    },
    idle: async () => {
      await running;
    },
  };
};
