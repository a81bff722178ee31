import { TYPES } from 'tedious';
import { text as textOf } from './columns.ts';
import type { Connection } from './connection.ts';
import { bySeeking } from './dialect.ts';
import { hashList, hashTable } from './hash-list.ts';
import { sha256 } from './schema-catalog.ts';
import { text } from './sql.ts';
import { throughStage, type StageColumn } from './stage.ts';

/*
 * Groups that have rows below a horizon: frozen_group. Found by the hash of their text, as in the summary tables.
 */

const binary = 'COLLATE Latin1_General_100_BIN2';

const columns: readonly StageColumn[] = [
  { name: 'instance', type: TYPES.NVarChar, nullable: false, length: 140, sqlType: `nvarchar(140) ${binary}` },
  { name: 'hash', type: TYPES.VarBinary, nullable: false, length: 32, sqlType: 'binary(32)' },
  { name: 'group_text', type: TYPES.NVarChar, nullable: false, length: Number.POSITIVE_INFINITY, sqlType: `nvarchar(max) ${binary}` },
];

export const freezeGroups = async (connection: Connection, instance: string, groups: readonly string[]): Promise<void> => {
  const table = `${connection.schemas.state}.[frozen_group]`;
  const rows = [...new Set(groups)].map((group) => [instance, sha256(group), group]);
  await throughStage(
    connection,
    { name: '#dsf_frozen', columns, rows },
    `INSERT INTO ${table} ([instance], [group_hash], [group_text]) SELECT n.[instance], n.[hash], n.[group_text] FROM #dsf_frozen AS n WHERE NOT EXISTS (SELECT 1 FROM ${table} AS f WHERE f.[instance] = n.[instance] AND f.[group_hash] = n.[hash]) ${bySeeking};`,
  );
};

export const readFrozen = async (connection: Connection, instance: string, groups: readonly string[]): Promise<readonly string[]> => {
  if (groups.length === 0) return [];
  const rows = await connection.all({
    text: `SELECT f.[group_text] FROM ${hashTable} JOIN ${connection.schemas.state}.[frozen_group] AS f ON f.[group_hash] = n.[hash] WHERE f.[instance] = @p2 ${bySeeking}`,
    binds: [hashList(groups), text(instance)],
  });
  return rows.map(([group]) => textOf(group));
};
