import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './prepared.ts';

/** What a group has acknowledged, and who is in it. `id` is the topic's, `part` the partition. */
export const prepareGroupStatements = (database: DatabaseSync) => {
  const membership = prepare(database, `SELECT value FROM meta WHERE name = 'membership'`);
  const membershipChanged = prepare(database, `UPDATE meta SET value = value + 1 WHERE name = 'membership'`);
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

  return {
    /** Rises whenever a member joins or leaves any group. */
    membership: (): number => Number(membership.one()?.[0]),
    membershipChanged: (): number => membershipChanged.run(),
    groupOffset: (id: number, part: number, group: string): number | undefined => {
      const cells = groupOffset.one(id, part, group);
      return cells && Number(cells[0]);
    },
    /** What every group of the topic has acknowledged; 0 when there is none. */
    slowestGroup: (id: number, part: number): number => Number(slowest.one(id, part)?.[0] ?? 0),
    acknowledge: (id: number, part: number, { group, next }: { readonly group: string; readonly next: number }): number =>
      acknowledge.run(id, part, group, next),
    /** Ids of the members, sorted. */
    members: (id: number, group: string): readonly string[] => members.all(id, group).map(([member]) => String(member)),
    beat: (id: number, group: string, { member, now }: Heartbeat): number => beat.run(now, id, group, member),
    join: (id: number, group: string, { member, now }: Heartbeat): number => join.run(id, group, member, now),
    leave: (id: number, group: string, member: string): number => leave.run(id, group, member),
    expire: (id: number, group: string, seenBefore: number): number => expire.run(id, group, seenBefore),
  };
};

interface Heartbeat {
  readonly member: string;
  /** UTC ms. */
  readonly now: number;
}
