import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { Failure } from '@dsf/ports';
import type { Chunk } from './frames.ts';

export interface Head {
  readonly start: number;
  readonly next: number;
  /** When the newest message was appended, UTC ms; times never fall within a partition. */
  readonly time: number;
}

type Cells = readonly SQLOutputValue[];

const prepare = (database: DatabaseSync, sql: string) => {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return {
    // With `setReturnArrays` rows come as arrays; the types of `node:sqlite` know objects only.
    one: (...values: readonly SQLInputValue[]): Cells | undefined => statement.get(...values) as Cells | undefined,
    all: (...values: readonly SQLInputValue[]): readonly Cells[] => statement.all(...values) as unknown as readonly Cells[],
    run: (...values: readonly SQLInputValue[]): number => Number(statement.run(...values).changes),
  };
};

const asChunk = (cells: Cells | undefined): Chunk | undefined => {
  if (cells === undefined) return undefined;
  const [base, last, time, frames] = cells;
  if (!(frames instanceof Uint8Array)) throw new Failure('fatal', 'transport.corrupt', 'a chunk of the log has no body');
  return { base: Number(base), last: Number(last), time: Number(time), frames };
};

/** Every statement of the log, prepared once per connection. `part` is the partition. */
export const prepareStatements = (database: DatabaseSync) => {
  const dataVersion = prepare(database, 'PRAGMA data_version');
  const meta = prepare(database, 'SELECT value FROM meta WHERE name = ?');
  const topic = prepare(database, 'SELECT id, partitions FROM topic WHERE name = ?');
  const insertTopic = prepare(database, 'INSERT INTO topic (name, partitions) VALUES (?, ?) RETURNING id');
  const insertHead = prepare(database, 'INSERT INTO head VALUES (?, ?, 0, 0, 0)');
  const head = prepare(database, 'SELECT start, next, time FROM head WHERE topic = ? AND part = ?');
  const moveHead = prepare(database, 'UPDATE head SET next = ?, time = ? WHERE topic = ? AND part = ?');
  const moveStart = prepare(database, 'UPDATE head SET start = ? WHERE topic = ? AND part = ? AND start < ?');
  const insertChunk = prepare(database, 'INSERT INTO chunk (topic, part, last, base, time, bytes, frames) VALUES (?, ?, ?, ?, ?, ?, ?)');
  const chunkAt = prepare(
    database,
    'SELECT base, last, time, frames FROM chunk WHERE topic = ? AND part = ? AND last >= ? ORDER BY last LIMIT 1',
  );
  const chunkTimeAt = prepare(
    database,
    'SELECT base, last, time FROM chunk WHERE topic = ? AND part = ? AND last >= ? ORDER BY last LIMIT 1',
  );
  const chunksBelow = prepare(
    database,
    'SELECT last, time, bytes FROM chunk WHERE topic = ? AND part = ? AND last < ? ORDER BY last LIMIT ?',
  );
  const deleteChunks = prepare(database, 'DELETE FROM chunk WHERE topic = ? AND part = ? AND last <= ?');
  const groupOffset = prepare(database, 'SELECT next FROM group_offset WHERE topic = ? AND part = ? AND grp = ?');
  const slowest = prepare(database, 'SELECT min(next) FROM group_offset WHERE topic = ? AND part = ?');
  // A member that lost its partition may acknowledge late: what is acknowledged never falls.
  const acknowledge = prepare(
    database,
    'INSERT INTO group_offset VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET next = max(next, excluded.next)',
  );
  const members = prepare(database, 'SELECT id FROM member WHERE topic = ? AND grp = ? ORDER BY id');
  const beat = prepare(database, 'UPDATE member SET seen = ? WHERE topic = ? AND grp = ? AND id = ?');
  const join = prepare(database, 'INSERT INTO member VALUES (?, ?, ?, ?)');
  const leave = prepare(database, 'DELETE FROM member WHERE topic = ? AND grp = ? AND id = ?');
  const expire = prepare(database, 'DELETE FROM member WHERE topic = ? AND grp = ? AND seen < ?');
  const membershipChanged = prepare(database, `UPDATE meta SET value = value + 1 WHERE name = 'membership'`);

  return {
    dataVersion: (): number => Number(dataVersion.one()?.[0]),
    clusterId: (): string => String(meta.one('cluster')?.[0]),
    membership: (): number => Number(meta.one('membership')?.[0]),
    topic: (name: string): { readonly id: number; readonly partitions: number } | undefined => {
      const cells = topic.one(name);
      return cells && { id: Number(cells[0]), partitions: Number(cells[1]) };
    },
    insertTopic: (name: string, partitions: number): void => {
      const id = Number(insertTopic.one(name, partitions)?.[0]);
      for (let part = 0; part < partitions; part += 1) insertHead.run(id, part);
    },
    head: (id: number, part: number): Head => {
      const cells = head.one(id, part);
      if (cells === undefined) throw new Failure('fatal', 'transport.corrupt', `partition ${part} of a topic of the log has no head`);
      return { start: Number(cells[0]), next: Number(cells[1]), time: Number(cells[2]) };
    },
    moveHead: (id: number, part: number, head: Pick<Head, 'next' | 'time'>): number => moveHead.run(head.next, head.time, id, part),
    moveStart: (id: number, part: number, start: number): number => moveStart.run(start, id, part, start),
    insertChunk: (id: number, part: number, { base, last, time, frames }: Chunk): number =>
      insertChunk.run(id, part, last, base, time, frames.byteLength, frames),
    /** The chunk that holds `offset`, or the first one after it. */
    chunkAt: (id: number, part: number, offset: number): Chunk | undefined => asChunk(chunkAt.one(id, part, offset)),
    chunkTimeAt: (id: number, part: number, offset: number): Omit<Chunk, 'frames'> | undefined => {
      const cells = chunkTimeAt.one(id, part, offset);
      return cells && { base: Number(cells[0]), last: Number(cells[1]), time: Number(cells[2]) };
    },
    /** Chunks that lie below `before` as a whole, oldest first. */
    chunksBelow: (id: number, part: number, span: { readonly before: number; readonly max: number }) =>
      chunksBelow
        .all(id, part, span.before, span.max)
        .map(([last, time, bytes]) => ({ last: Number(last), time: Number(time), bytes: Number(bytes) })),
    deleteChunks: (id: number, part: number, last: number): number => deleteChunks.run(id, part, last),
    groupOffset: (id: number, part: number, group: string): number | undefined => {
      const cells = groupOffset.one(id, part, group);
      return cells && Number(cells[0]);
    },
    /** What every group of the topic has acknowledged; 0 when there is none. */
    slowestGroup: (id: number, part: number): number => Number(slowest.one(id, part)?.[0] ?? 0),
    acknowledge: (id: number, part: number, to: { readonly group: string; readonly next: number }): number =>
      acknowledge.run(id, part, to.group, to.next),
    members: (id: number, group: string): readonly string[] => members.all(id, group).map(([member]) => String(member)),
    beat: (id: number, group: string, at: { readonly member: string; readonly now: number }): number =>
      beat.run(at.now, id, group, at.member),
    join: (id: number, group: string, at: { readonly member: string; readonly now: number }): number =>
      join.run(id, group, at.member, at.now),
    leave: (id: number, group: string, member: string): number => leave.run(id, group, member),
    expire: (id: number, group: string, seenBefore: number): number => expire.run(id, group, seenBefore),
    membershipChanged: (): number => membershipChanged.run(),
  };
};

export type Statements = ReturnType<typeof prepareStatements>;
