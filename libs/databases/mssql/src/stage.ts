import type { BulkColumn, BulkRow, Connection } from './connection.ts';

/*
 * Rows on the server that are not in their table yet: a temporary table of the connection, filled in bulk, from which set-based statements go on.
 */

export interface StageColumn extends BulkColumn {
  /** Type in the stage; text names its collation, because that of tempdb may be another than the database's. */
  readonly sqlType: string;
}

/**
 * Fills a stage, runs `batch` on it and drops it. All in the caller's transaction.
 * @param name - of the temporary table, `#…`; letters that need no quoting
 */
export const throughStage = async (
  connection: Connection,
  stage: { readonly name: string; readonly columns: readonly StageColumn[]; readonly rows: readonly BulkRow[] },
  batch: string,
): Promise<void> => {
  if (stage.rows.length === 0) return;
  const definitions = stage.columns.map(
    ({ name, sqlType, nullable }) => `[${name.replaceAll(']', ']]')}] ${sqlType} ${nullable ? 'NULL' : 'NOT NULL'}`,
  );
  await connection.exec(`CREATE TABLE ${stage.name} (${definitions.join(', ')})`);
  await connection.bulk(stage.name, stage.columns, stage.rows);
  await connection.exec(`${batch}\nDROP TABLE ${stage.name};`);
};
