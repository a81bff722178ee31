import type { SourcePartition } from '@dsf/messages';
import { phaseNames } from '@dsf/ports';
import type { FailureFilter, PhaseName, RecordFailure, StoredFailure } from '@dsf/ports';
import { integer, integerOrNull, text, textOrNull, toText, toTextOrNull, word } from './columns.ts';
import type { Bind, Connection, Row } from './connection.ts';
import { createInsert, insertRows } from './insert-rows.ts';

/*
 * Records that a phase refused: dsf_failure. `open` until a replay is asked for, `replaying` until it succeeded or failed again.
 */

const statuses = ['open', 'replaying', 'resolved'] as const;

type RecordAt = SourcePartition & { readonly offset: number };

const failureColumns = 'phase, _dsf_src, _dsf_part, _dsf_off, scope, code, path, detail, version';

const failureOf = (row: Row): RecordFailure => {
  const [phase, source, partition, offset, scope, code, path, detail, version] = row;
  return {
    phase: word(phaseNames, phase),
    source: integer(source),
    partition: integer(partition),
    offset: integer(offset),
    scope: text(scope),
    code: text(code),
    path: textOrNull(path),
    detail: text(detail),
    version: integer(version),
  };
};

const again = `ON CONFLICT (_dsf_src, _dsf_part, _dsf_off, phase, scope) DO UPDATE SET
  code = excluded.code, path = excluded.path, detail = excluded.detail, version = excluded.version,
  attempts = attempts + 1, last_at = excluded.last_at, status = 'open'`;

const insert = createInsert(`INSERT INTO dsf_failure (${failureColumns}, first_at, last_at)`, 11, again);

export const writeFailures = (connection: Connection, failures: readonly RecordFailure[], now: number): void =>
  insertRows(connection, insert, failures, (failure, values) => {
    values.push(failure.phase, failure.source, failure.partition, failure.offset, toText(failure.scope), failure.code);
    values.push(toTextOrNull(failure.path), toText(failure.detail), failure.version, now, now);
  });

const ofRecord = '_dsf_src = ? AND _dsf_part = ? AND _dsf_off = ?';

export const readFailures = (connection: Connection, { source, partition, offset }: RecordAt): readonly RecordFailure[] =>
  connection
    .all(
      `SELECT ${failureColumns} FROM dsf_failure WHERE ${ofRecord} AND status <> 'resolved' ORDER BY phase, scope`,
      source,
      partition,
      offset,
    )
    .map(failureOf);

/**
 * What ingest refused has no rows, and failures of publish have a publication and a revision where others have coordinates: neither needs any.
 */
export const readLowestFailure = (connection: Connection, { source, partition }: SourcePartition): number | null =>
  integerOrNull(
    connection.first(
      `SELECT min(_dsf_off) FROM dsf_failure
        WHERE _dsf_src = ? AND _dsf_part = ? AND phase IN ('flatten', 'summarise') AND status <> 'resolved' AND code <> 'summarise.frozen'`,
      source,
      partition,
    )?.[0] ?? null,
  );

export interface Resolution {
  readonly phase: PhaseName;
  readonly at: RecordAt;
  /** Only scopes that begin so. */
  readonly scopePrefix: string;
  readonly now: number;
}

export const resolveFailures = (connection: Connection, { phase, at, scopePrefix, now }: Resolution): number =>
  connection.run(
    `UPDATE dsf_failure SET status = 'resolved', last_at = ? WHERE ${ofRecord} AND phase = ? AND substr(scope, 1, ?) = ? AND status <> 'resolved'`,
    // SQLite's substr counts code points, not UTF-16 units.
    now,
    at.source,
    at.partition,
    at.offset,
    phase,
    [...scopePrefix].length,
    scopePrefix,
  );

/** Failures of publish have a publication and a revision where others have a record's coordinates: they are not this record's. */
export const markReplaying = (connection: Connection, { source, partition, offset }: RecordAt): void => {
  connection.run(
    `UPDATE dsf_failure SET status = 'replaying' WHERE ${ofRecord} AND status = 'open' AND phase <> 'publish'`,
    source,
    partition,
    offset,
  );
};

const conditions = (filter: FailureFilter): readonly (readonly [sql: string, values: readonly Bind[]])[] => [
  // One JSON list instead of a variable per id; JSON's integers stay integers.
  ...(filter.ids === undefined ? [] : [['id IN (SELECT value FROM json_each(?))', [JSON.stringify(filter.ids)]] as const]),
  ...(filter.phase === undefined ? [] : [['phase = ?', [filter.phase]] as const]),
  ...(filter.source === undefined ? [] : [['_dsf_src = ?', [filter.source]] as const]),
  ...(filter.code === undefined ? [] : [['code = ?', [filter.code]] as const]),
  ...(filter.status === undefined ? [] : [['status = ?', [filter.status]] as const]),
];

export const findFailures = (connection: Connection, filter: FailureFilter): readonly StoredFailure[] => {
  const parts = conditions(filter);
  const where = parts.length === 0 ? '' : `WHERE ${parts.map(([sql]) => sql).join(' AND ')}`;
  const values = parts.flatMap(([, some]) => some);
  return connection
    .all(
      `SELECT ${failureColumns}, id, attempts, first_at, last_at, status FROM dsf_failure ${where} ORDER BY id LIMIT ?`,
      ...values,
      filter.max,
    )
    .map((row) => ({
      ...failureOf(row),
      id: integer(row[9]),
      attempts: integer(row[10]),
      firstAt: integer(row[11]),
      lastAt: integer(row[12]),
      status: word(statuses, row[13]),
    }));
};

/** The first condition is that of the index of unresolved failures, which it makes SQLite use. */
export const countOpenFailures = (connection: Connection): number =>
  integer(connection.first("SELECT count(*) FROM dsf_failure WHERE status <> 'resolved' AND status = 'open'")?.[0]);
