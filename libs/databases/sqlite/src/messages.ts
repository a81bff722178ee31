import type { SourcePartition } from '@dsf/messages';
import type { SentMessage } from '@dsf/ports';
import { text } from './columns.ts';
import type { Connection } from './connection.ts';
import { createInsert, insertRows } from './insert-rows.ts';

/*
 * Messages of sources without offsets: dsf_message.
 */

const insert = createInsert('INSERT INTO dsf_message (source, message_id, partition, off, time)', 5);

export const writeMessages = (connection: Connection, { source, partition }: SourcePartition, messages: readonly SentMessage[]): void =>
  insertRows(connection, insert, messages, ({ id, offset, time }, values) => {
    values.push(source, id, partition, offset, time);
  });

export const readMessages = (connection: Connection, source: number, ids: readonly string[]): readonly string[] =>
  connection
    .all(
      'SELECT message_id FROM dsf_message WHERE source = ? AND message_id IN (SELECT value FROM json_each(?))',
      source,
      JSON.stringify(ids),
    )
    .map(([id]) => text(id));

export const forgetMessages = (
  connection: Connection,
  { source, partition }: SourcePartition,
  { before, max }: { readonly before: number; readonly max: number },
): void => {
  connection.run(
    `DELETE FROM dsf_message WHERE (source, message_id) IN (SELECT source, message_id FROM dsf_message
      WHERE source = ? AND partition = ? AND time < ? ORDER BY time LIMIT ?)`,
    source,
    partition,
    before,
    max,
  );
};
