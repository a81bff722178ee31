import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Failure, phaseNames, type LaneKey } from '@dsf/ports';
import { bytesOrNull, integer, word } from './columns.ts';
import type { Connection } from './connection.ts';

/*
 * What lanes are about to write in another database: dsf_intent.
 */

const where = 'WHERE phase = ? AND source = ? AND lane = ?';

const bodyOf = (stored: Uint8Array | null): Uint8Array | null => (stored === null ? null : new Uint8Array(zstdDecompressSync(stored)));

export const readIntent = (connection: Connection, { phase, source, lane }: LaneKey): Uint8Array | null =>
  bodyOf(bytesOrNull(connection.first(`SELECT body FROM dsf_intent ${where}`, phase, source, lane)?.[0] ?? null));

export const takeIntent = (connection: Connection, { phase, source, lane }: LaneKey): Uint8Array | null =>
  bodyOf(bytesOrNull(connection.first(`DELETE FROM dsf_intent ${where} RETURNING body`, phase, source, lane)?.[0] ?? null));

/** @throws Failure `retry` `lane.lost` when the lane's seq is another one, or it has an intent already */
export const writeIntent = (
  connection: Connection,
  { lane: key, seq, body }: { readonly lane: LaneKey; readonly seq: number; readonly body: Uint8Array },
): void => {
  const { phase, source, lane } = key;
  const changed = connection.run(
    `INSERT INTO dsf_intent (phase, source, lane, body)
      SELECT ?, ?, ?, ? WHERE ? = coalesce((SELECT seq FROM dsf_lane ${where}), 0) ON CONFLICT DO NOTHING`,
    ...[phase, source, lane, zstdCompressSync(body), seq, phase, source, lane],
  );
  if (changed !== 1)
    throw new Failure('retry', 'lane.lost', 'another worker has had a turn in this lane: reload it', { phase, source, lane, seq });
};

export const readIntents = (connection: Connection): readonly LaneKey[] =>
  connection.all('SELECT phase, source, lane FROM dsf_intent ORDER BY phase, source, lane').map(([phase, source, lane]) => ({
    phase: word(phaseNames, phase),
    source: integer(source),
    lane: integer(lane),
  }));
