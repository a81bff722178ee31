import { createHash } from 'node:crypto';
import { findConflicts, freshSnapshot, withLanes } from '@dsf/metadata';
import type { Problem, Snapshot } from '@dsf/metadata';
import { lanesFixed, readSnapshot, Refusal } from '@dsf/ports';
import type { Activation, MetadataStore } from '@dsf/ports';
import { text as textOf } from './columns.ts';
import { readDefinitions, replaceConfigRows, writeLanes } from './config-rows.ts';
import type { Connection } from './connection.ts';
import { document, integer as int, moment, raw, sql, word } from './sql.ts';
import { readCurrentVersion, awaitHolds } from './version-hold.ts';

/*
 * Definitions that become a version, within a transaction that has the lock of the config tables alone.
 */

export const readSnapshotText = async (connection: Connection, version: number): Promise<string | null> => {
  const row = await connection.first(
    sql`SELECT [snapshot] FROM ${raw(connection.schemas.config)}.[version] WHERE [version] = ${int(version)}`,
  );
  return row === undefined ? null : textOf(row[0]);
};

const insertNames = async (connection: Connection, snapshot: Snapshot): Promise<void> => {
  const named = (kind: string, ids: Readonly<Record<string, number>>): readonly object[] =>
    Object.entries(ids).map(([name, id]) => ({ kind, name, id }));
  const names = [...named('source', snapshot.sourceIds), ...named('publication', snapshot.publicationIds)];
  const table = raw(`${connection.schemas.config}.[name]`);
  await connection.run(
    sql`INSERT INTO ${table} ([kind], [name], [id]) SELECT n.[kind], n.[name], n.[id] FROM OPENJSON(${document(JSON.stringify(names))}) WITH ([kind] varchar(20) '$.kind', [name] nvarchar(120) '$.name', [id] int '$.id') AS n WHERE NOT EXISTS (SELECT 1 FROM ${table} AS t WHERE t.[kind] = n.[kind] COLLATE Latin1_General_100_BIN2 AND t.[id] = n.[id])`,
  );
};

interface NewVersion {
  readonly version: number;
  readonly snapshot: Snapshot;
  readonly stored: string;
  /** Warnings alone. */
  readonly problems: readonly Problem[];
  readonly now: number;
  readonly comment: string;
}

export const insertVersion = async (connection: Connection, { version, snapshot, stored, now, comment }: NewVersion): Promise<void> => {
  const hash = createHash('sha256').update(stored).digest('hex');
  await awaitHolds(connection);
  await connection.run(
    sql`INSERT INTO ${raw(connection.schemas.config)}.[version] ([version], [snapshot], [sha256], [activated_at], [comment]) VALUES (${int(version)}, ${document(stored)}, ${word(hash)}, ${moment(now)}, ${document(comment.toWellFormed().replaceAll('\0', ''))})`,
  );
  await insertNames(connection, snapshot);
};

export type Change = Parameters<MetadataStore['activate']>[0];

const isError = ({ severity }: Problem): boolean => severity === 'error';

interface Next {
  readonly snapshot: Snapshot;
  readonly current: number;
  readonly stored: string | null;
}

const nextSnapshot = async (connection: Connection, change: Change): Promise<Next> => {
  if (change.definitions !== undefined) {
    const conflicts = findConflicts(change.definitions);
    if (conflicts.length > 0) throw new Refusal(conflicts);
    await replaceConfigRows(connection, change.definitions);
  }
  const current = await readCurrentVersion(connection);
  const stored = await readSnapshotText(connection, current);
  if (change.lanes !== undefined && stored !== null) {
    await writeLanes(connection, change.lanes);
    return { snapshot: withLanes(readSnapshot(stored, current), change.lanes), current, stored };
  }
  const { definitions, problems } = await readDefinitions(connection);
  if (definitions === null) throw new Refusal(problems);
  return { snapshot: freshSnapshot(stored === null ? null : readSnapshot(stored, current), definitions), current, stored };
};

/** A problem once a service has claimed a lane. */
const lanesProblem = async (connection: Connection, before: Snapshot, after: Snapshot): Promise<Problem | null> => {
  const fixed = lanesFixed(before, after);
  if (fixed === null) return null;
  const begun = await connection.first(sql`SELECT TOP (1) 1 FROM ${raw(connection.schemas.state)}.[lane]`);
  return begun === undefined ? null : fixed;
};

/** What definitions would become. */
export type Decision = { readonly kind: 'unchanged'; readonly version: number } | ({ readonly kind: 'new' } & NewVersion);

/** Numbers, checks, and stores nothing but the rows that `change` brings along. @throws Refusal */
export const decide = async (connection: Connection, change: Change): Promise<Decision> => {
  const { snapshot, current, stored: before } = await nextSnapshot(connection, change);
  const stored = JSON.stringify(snapshot);
  if (stored === before) return { kind: 'unchanged', version: current };
  const fixed =
    before === null || change.lanes !== undefined ? null : await lanesProblem(connection, readSnapshot(before, current), snapshot);
  if (fixed !== null) throw new Refusal([fixed]);
  const version = current + 1;
  const { catalog, problems } = change.check(snapshot, version);
  if (catalog === null || problems.some(isError)) throw new Refusal(problems, snapshot.definitions);
  return { kind: 'new', version, snapshot, stored, problems, now: change.now, comment: change.comment };
};

/** @throws Refusal, so that the transaction rolls back */
export const activateWithin = async (connection: Connection, change: Change): Promise<Activation> => {
  const decision = await decide(connection, change);
  if (decision.kind === 'unchanged') return decision;
  await insertVersion(connection, decision);
  return { kind: 'activated', version: decision.version };
};
