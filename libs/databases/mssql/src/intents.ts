import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Failure, phaseNames, type LaneKey } from '@dsf/ports';
import { bytesOrNull, integer, word as wordOf } from './columns.ts';
import type { Connection } from './connection.ts';
import { holdSeq } from './lane-state.ts';
import { integer as int, largeBytes, raw, sql, word } from './sql.ts';

/*
 * What lanes are about to write in another database: intent.
 */

const bodyOf = (stored: Uint8Array | null): Uint8Array | null => (stored === null ? null : new Uint8Array(zstdDecompressSync(stored)));

export const readIntent = async (connection: Connection, { phase, source, lane }: LaneKey): Promise<Uint8Array | null> => {
  const row = await connection.first(
    sql`SELECT [body] FROM ${raw(connection.schemas.state)}.[intent] WHERE [phase] = ${word(phase)} AND [source] = ${int(source)} AND [lane] = ${int(lane)}`,
  );
  return bodyOf(bytesOrNull(row?.[0] ?? null));
};

export const takeIntent = async (connection: Connection, lane: LaneKey): Promise<Uint8Array | null> => {
  const body = await readIntent(connection, lane);
  if (body === null) return null;
  await connection.run(
    sql`DELETE FROM ${raw(connection.schemas.state)}.[intent] WHERE [phase] = ${word(lane.phase)} AND [source] = ${int(lane.source)} AND [lane] = ${int(lane.lane)}`,
  );
  return body;
};

/** @throws Failure `retry` `lane.lost` when the lane's seq is another one, or it has an intent already */
export const writeIntent = async (
  connection: Connection,
  { lane: key, seq, body }: { readonly lane: LaneKey; readonly seq: number; readonly body: Uint8Array },
): Promise<void> => {
  const { phase, source, lane } = key;
  // Held until the end: whoever would raise it waits, and then finds the intent.
  if ((await holdSeq(connection, key)) !== seq || (await readIntent(connection, key)) !== null)
    throw new Failure('retry', 'lane.lost', 'another worker has had a turn in this lane: reload it', { phase, source, lane, seq });
  await connection.run(
    sql`INSERT INTO ${raw(connection.schemas.state)}.[intent] ([phase], [source], [lane], [body]) VALUES (${word(phase)}, ${int(source)}, ${int(lane)}, ${largeBytes(zstdCompressSync(body))})`,
  );
};

export const readIntents = async (connection: Connection): Promise<readonly LaneKey[]> =>
  (
    await connection.all(
      sql`SELECT [phase], [source], [lane] FROM ${raw(connection.schemas.state)}.[intent] ORDER BY [phase], [source], [lane]`,
    )
  ).map(([phase, source, lane]) => ({ phase: wordOf(phaseNames, phase), source: integer(source), lane: integer(lane) }));
