import { TYPES } from 'tedious';
import type { SourcePartition } from '@dsf/messages';
import { phaseNames } from '@dsf/ports';
import type { FailureFilter, PhaseName, RecordFailure, StoredFailure } from '@dsf/ports';
import { integer, integerOrNull, moment as momentOf, text as textOf, textOrNull, word as wordOf } from './columns.ts';
import type { Connection, Row } from './connection.ts';
import { bySeeking } from './dialect.ts';
import { integer as int, document, moment, raw, sql, text, word, type Bind, type Statement } from './sql.ts';
import { throughStage, type StageColumn } from './stage.ts';

/*
 * Records that a phase refused: failure. `open` until a replay is asked for, `replaying` until it succeeded or failed again.
 */

const statuses = ['open', 'replaying', 'resolved'] as const;

type RecordAt = SourcePartition & { readonly offset: number };

const failureColumns = '[phase], [_dsf_src], [_dsf_part], [_dsf_off], [scope], [code], [path], [detail], [version]';

const failureOf = (row: Row): RecordFailure => {
  const [phase, source, partition, offset, scope, code, path, detail, version] = row;
  return {
    phase: wordOf(phaseNames, phase),
    source: integer(source),
    partition: integer(partition),
    offset: integer(offset),
    scope: textOf(scope),
    code: textOf(code),
    path: textOrNull(path ?? null),
    detail: textOf(detail),
    version: integer(version),
  };
};

const binary = 'COLLATE Latin1_General_100_BIN2';
const max = Number.POSITIVE_INFINITY;

const stageColumns: readonly StageColumn[] = [
  { name: 'phase', type: TYPES.NVarChar, nullable: false, length: 10, sqlType: `varchar(10) ${binary}` },
  { name: '_dsf_src', type: TYPES.Int, nullable: false, sqlType: 'int' },
  { name: '_dsf_part', type: TYPES.Int, nullable: false, sqlType: 'int' },
  { name: '_dsf_off', type: TYPES.BigInt, nullable: false, sqlType: 'bigint' },
  { name: 'scope', type: TYPES.NVarChar, nullable: false, length: 200, sqlType: `nvarchar(200) ${binary}` },
  { name: 'code', type: TYPES.NVarChar, nullable: false, length: 100, sqlType: `varchar(100) ${binary}` },
  { name: 'path', type: TYPES.NVarChar, nullable: true, length: max, sqlType: `nvarchar(max) ${binary}` },
  { name: 'detail', type: TYPES.NVarChar, nullable: false, length: max, sqlType: `nvarchar(max) ${binary}` },
  { name: 'version', type: TYPES.Int, nullable: false, sqlType: 'int' },
  { name: 'at', type: TYPES.DateTimeOffset, nullable: false, scale: 3, sqlType: 'datetimeoffset(3)' },
];

const same =
  'f.[_dsf_src] = n.[_dsf_src] AND f.[_dsf_part] = n.[_dsf_part] AND f.[_dsf_off] = n.[_dsf_off] AND f.[phase] = n.[phase] AND f.[scope] = n.[scope]';

const merge = (state: string): string => `UPDATE f SET [code] = n.[code], [path] = n.[path], [detail] = n.[detail], [version] = n.[version],
  [attempts] = f.[attempts] + 1, [last_at] = n.[at], [status] = 'open'
FROM #dsf_failure AS n JOIN ${state}.[failure] AS f ON ${same} ${bySeeking};
INSERT INTO ${state}.[failure] (${failureColumns}, [first_at], [last_at])
SELECT ${failureColumns
  .split(', ')
  .map((name) => `n.${name}`)
  .join(', ')}, n.[at], n.[at]
FROM #dsf_failure AS n WHERE NOT EXISTS (SELECT 1 FROM ${state}.[failure] AS f WHERE ${same}) ${bySeeking};`;

const keyOf = ({ source, partition, offset, phase, scope }: RecordFailure): string => `${source}:${partition}:${offset}:${phase}:${scope}`;

/** What a set-based statement cannot say: of one failure written twice at once the second counts as another attempt. */
const inTurns = (failures: readonly RecordFailure[]): readonly (readonly RecordFailure[])[] => {
  const turns: RecordFailure[][] = [];
  const seen = new Map<string, number>();
  for (const failure of failures) {
    const turn = seen.get(keyOf(failure)) ?? 0;
    seen.set(keyOf(failure), turn + 1);
    (turns[turn] ??= []).push(failure);
  }
  return turns;
};

export const writeFailures = async (connection: Connection, failures: readonly RecordFailure[], now: number): Promise<void> => {
  const at = new Date(now);
  for (const turn of inTurns(failures)) {
    const rows = turn.map((one) => [
      one.phase,
      one.source,
      one.partition,
      one.offset,
      one.scope,
      one.code,
      one.path,
      one.detail,
      one.version,
      at,
    ]);
    await throughStage(connection, { name: '#dsf_failure', columns: stageColumns, rows }, merge(connection.schemas.state));
  }
};

export const readFailures = async (connection: Connection, { source, partition, offset }: RecordAt): Promise<readonly RecordFailure[]> => {
  const rows = await connection.all(
    sql`SELECT ${raw(failureColumns)} FROM ${raw(connection.schemas.state)}.[failure] WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [_dsf_off] = ${int(offset)} AND [status] <> 'resolved' ORDER BY [phase], [scope]`,
  );
  return rows.map(failureOf);
};

/** What ingest refused has no rows, and failures of publish have a publication and a revision where others have coordinates: neither needs any. */
export const readLowestFailure = async (connection: Connection, { source, partition }: SourcePartition): Promise<number | null> =>
  integerOrNull(
    (
      await connection.first(
        sql`SELECT MIN([_dsf_off]) FROM ${raw(connection.schemas.state)}.[failure] WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [phase] IN ('flatten', 'summarise') AND [status] <> 'resolved' AND [code] <> 'summarise.frozen'`,
      )
    )?.[0] ?? null,
  );

export interface Resolution {
  readonly phase: PhaseName;
  readonly at: RecordAt;
  /** Only scopes that begin so. */
  readonly scopePrefix: string;
  readonly now: number;
}

/** Compared by LEFT, because LIKE would take `_` and `%` of a driver's name for patterns. */
export const resolveFailures = (connection: Connection, { phase, at, scopePrefix, now }: Resolution): Promise<number> =>
  connection.run(
    sql`UPDATE ${raw(connection.schemas.state)}.[failure] SET [status] = 'resolved', [last_at] = ${moment(now)} WHERE [_dsf_src] = ${int(at.source)} AND [_dsf_part] = ${int(at.partition)} AND [_dsf_off] = ${int(at.offset)} AND [phase] = ${word(phase)} AND LEFT([scope], ${int(scopePrefix.length)}) = ${text(scopePrefix)} AND [status] <> 'resolved'`,
  );

/** Failures of publish have a publication and a revision where others have a record's coordinates: they are not this record's. */
export const markReplaying = async (connection: Connection, { source, partition, offset }: RecordAt): Promise<void> => {
  await connection.run(
    sql`UPDATE ${raw(connection.schemas.state)}.[failure] SET [status] = 'replaying' WHERE [_dsf_src] = ${int(source)} AND [_dsf_part] = ${int(partition)} AND [_dsf_off] = ${int(offset)} AND [status] = 'open' AND [phase] <> 'publish'`,
  );
};

/** A condition with its value; `?` stands for the parameter. */
const conditions = (filter: FailureFilter): readonly (readonly [condition: string, value: Bind])[] => [
  ...(filter.ids === undefined
    ? []
    : [
        [
          "[id] IN (SELECT [id] FROM OPENJSON(?) WITH ([id] bigint '$.id'))",
          document(JSON.stringify(filter.ids.map((id) => ({ id })))),
        ] as const,
      ]),
  ...(filter.phase === undefined ? [] : [['[phase] = ?', word(filter.phase)] as const]),
  ...(filter.source === undefined ? [] : [['[_dsf_src] = ?', int(filter.source)] as const]),
  ...(filter.code === undefined ? [] : [['[code] = ?', word(filter.code)] as const]),
  ...(filter.status === undefined ? [] : [['[status] = ?', word(filter.status)] as const]),
];

const search = (state: string, filter: FailureFilter): Statement => {
  const parts = conditions(filter);
  const where = parts.map(([condition], index) => condition.replace('?', `@p${index + 2}`)).join(' AND ');
  return {
    text: `SELECT TOP (@p1) ${failureColumns}, [id], [attempts], [first_at], [last_at], [status] FROM ${state}.[failure]${where === '' ? '' : ` WHERE ${where}`} ORDER BY [id]`,
    binds: [int(filter.max), ...parts.map(([, value]) => value)],
  };
};

export const findFailures = async (connection: Connection, filter: FailureFilter): Promise<readonly StoredFailure[]> =>
  (await connection.all(search(connection.schemas.state, filter))).map((row) => ({
    ...failureOf(row),
    id: integer(row[9]),
    attempts: integer(row[10]),
    firstAt: momentOf(row[11]),
    lastAt: momentOf(row[12]),
    status: wordOf(statuses, row[13]),
  }));

/** The first condition is that of the index of unresolved failures, which it makes SQL Server use. */
export const countOpenFailures = async (connection: Connection): Promise<number> =>
  integer(
    (
      await connection.first(
        sql`SELECT COUNT_BIG(*) FROM ${raw(connection.schemas.state)}.[failure] WHERE [status] <> 'resolved' AND [status] = 'open'`,
      )
    )?.[0],
  );
