import type { DatabaseSync } from 'node:sqlite';
import { Failure } from '@dsf/ports';
import type { Chunk } from './frames.ts';
import { prepareGroupStatements } from './group-statements.ts';
import { prepare, type Cells } from './prepared.ts';

export interface Head {
  readonly start: number;
  readonly next: number;
  /** When the newest message was appended, UTC ms; times never fall within a partition. */
  readonly time: number;
}

const asSpan = ([base, last, time]: Cells): Omit<Chunk, 'frames'> => ({ base: Number(base), last: Number(last), time: Number(time) });

const asChunk = (cells: Cells): Chunk => {
  const frames = cells[3];
  if (!(frames instanceof Uint8Array)) throw new Failure('fatal', 'transport.corrupt', 'a chunk of the log has no body');
  return { ...asSpan(cells), frames };
};

/** Topics, and where their partitions begin and end. `id` is the topic's, `part` the partition. */
const prepareTopicStatements = (database: DatabaseSync) => {
  const dataVersion = prepare(database, 'PRAGMA data_version');
  const clusterId = prepare(database, `SELECT value FROM meta WHERE name = 'cluster'`);
  const topic = prepare(database, 'SELECT id, partitions FROM topic WHERE name = ?');
  const insertTopic = prepare(database, 'INSERT INTO topic (name, partitions) VALUES (?, ?) RETURNING id');
  const growTopic = prepare(database, 'UPDATE topic SET partitions = ? WHERE id = ?');
  const insertHead = prepare(database, 'INSERT INTO head VALUES (?, ?, 0, 0, 0)');
  const head = prepare(database, 'SELECT start, next, time FROM head WHERE topic = ? AND part = ?');
  const moveHead = prepare(database, 'UPDATE head SET next = ?, time = ? WHERE topic = ? AND part = ?');
  const moveStart = prepare(database, 'UPDATE head SET start = max(start, ?) WHERE topic = ? AND part = ?');

  return {
    /** Changes when another connection has committed. */
    dataVersion: (): number => Number(dataVersion.one()?.[0]),
    clusterId: (): string => String(clusterId.one()?.[0]),
    topic: (name: string): { readonly id: number; readonly partitions: number } | undefined => {
      const cells = topic.one(name);
      return cells && { id: Number(cells[0]), partitions: Number(cells[1]) };
    },
    insertTopic: (name: string, partitions: number): void => {
      const id = Number(insertTopic.one(name, partitions)?.[0]);
      for (let part = 0; part < partitions; part += 1) insertHead.run(id, part);
    },
    growTopic: (id: number, partitions: { readonly from: number; readonly to: number }): void => {
      growTopic.run(partitions.to, id);
      for (let part = partitions.from; part < partitions.to; part += 1) insertHead.run(id, part);
    },
    head: (id: number, part: number): Head => {
      const cells = head.one(id, part);
      if (cells === undefined) throw new Failure('fatal', 'transport.corrupt', `partition ${part} of a topic of the log has no head`);
      return { start: Number(cells[0]), next: Number(cells[1]), time: Number(cells[2]) };
    },
    moveHead: (id: number, part: number, { next, time }: Pick<Head, 'next' | 'time'>): number => moveHead.run(next, time, id, part),
    moveStart: (id: number, part: number, start: number): number => moveStart.run(start, id, part),
  };
};

const prepareChunkStatements = (database: DatabaseSync) => {
  const chunks = 'FROM chunk WHERE topic = ? AND part = ?';
  const chunkAt = prepare(database, `SELECT base, last, time, frames ${chunks} AND last >= ? ORDER BY last LIMIT 1`);
  const spanAt = prepare(database, `SELECT base, last, time ${chunks} AND last >= ? ORDER BY last LIMIT 1`);
  const chunksBelow = prepare(database, `SELECT last, time, bytes ${chunks} AND last < ? ORDER BY last LIMIT ?`);
  const insertChunk = prepare(database, 'INSERT INTO chunk (topic, part, last, base, time, bytes, frames) VALUES (?, ?, ?, ?, ?, ?, ?)');
  const deleteChunks = prepare(database, `DELETE ${chunks} AND last <= ?`);

  return {
    /** The chunk that holds `offset`, or the first one after it. */
    chunkAt: (id: number, part: number, offset: number): Chunk | undefined => {
      const cells = chunkAt.one(id, part, offset);
      return cells && asChunk(cells);
    },
    /** As `chunkAt`, without the messages. */
    spanAt: (id: number, part: number, offset: number): Omit<Chunk, 'frames'> | undefined => {
      const cells = spanAt.one(id, part, offset);
      return cells && asSpan(cells);
    },
    /** Chunks that lie below `before` as a whole, oldest first. */
    chunksBelow: (id: number, part: number, span: { readonly before: number; readonly max: number }) =>
      chunksBelow
        .all(id, part, span.before, span.max)
        .map(([last, time, bytes]) => ({ last: Number(last), time: Number(time), bytes: Number(bytes) })),
    insertChunk: (id: number, part: number, { base, last, time, frames }: Chunk): number =>
      insertChunk.run(id, part, last, base, time, frames.byteLength, frames),
    deleteChunks: (id: number, part: number, last: number): number => deleteChunks.run(id, part, last),
  };
};

/** Every statement of the log, prepared once per connection. */
export const prepareStatements = (database: DatabaseSync) => ({
  ...prepareTopicStatements(database),
  ...prepareChunkStatements(database),
  ...prepareGroupStatements(database),
});

export type Statements = ReturnType<typeof prepareStatements>;
