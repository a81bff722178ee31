import { TYPES } from 'tedious';
import type { SourcePartition } from '@dsf/messages';
import type { SentMessage } from '@dsf/ports';
import { text } from './columns.ts';
import type { BulkColumn, Connection } from './connection.ts';
import { bySeeking } from './dialect.ts';
import { document, integer as int, raw, sql } from './sql.ts';

/*
 * Messages of sources without offsets: message.
 */

const columns: readonly BulkColumn[] = [
  { name: 'source', type: TYPES.Int, nullable: false },
  { name: 'message_id', type: TYPES.NVarChar, nullable: false, length: 200 },
  { name: 'partition', type: TYPES.Int, nullable: false },
  { name: 'offset', type: TYPES.BigInt, nullable: false },
  { name: 'time', type: TYPES.BigInt, nullable: false },
];

export const writeMessages = async (
  connection: Connection,
  { source, partition }: SourcePartition,
  messages: readonly SentMessage[],
): Promise<void> => {
  if (messages.length === 0) return;
  await connection.bulk(
    `${connection.schemas.state}.[message]`,
    columns,
    messages.map(({ id, offset, time }) => [source, id, partition, offset, time]),
  );
};

export const readMessages = async (connection: Connection, source: number, ids: readonly string[]): Promise<readonly string[]> =>
  (
    await connection.all(
      sql`SELECT m.[message_id] FROM OPENJSON(${document(JSON.stringify(ids.map((id) => ({ id }))))}) WITH ([id] nvarchar(200) '$.id') AS j JOIN ${raw(connection.schemas.state)}.[message] AS m ON m.[message_id] = j.[id] COLLATE Latin1_General_100_BIN2 WHERE m.[source] = ${int(source)} ${raw(bySeeking)}`,
    )
  ).map(([id]) => text(id));

export const forgetMessages = async (
  connection: Connection,
  { source, partition }: SourcePartition,
  { before, max }: { readonly before: number; readonly max: number },
): Promise<void> => {
  await connection.run(
    sql`DELETE TOP (${int(max)}) FROM ${raw(connection.schemas.state)}.[message] WHERE [source] = ${int(source)} AND [partition] = ${int(partition)} AND [time] < ${int(before)}`,
  );
};
