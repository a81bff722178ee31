import type { RawRecord, SourcePartition } from '@dsf/messages';
import type { LaneKey, RowRange } from '@dsf/ports';
import type { Piece } from '../join.ts';
import type { Lane } from '../lane.ts';
import { checkSender } from '../receive.ts';
import type { LaneContext } from '../work.ts';

/** Raw records read at once at first: large ones must not fill the memory before their bytes are counted. Then as many as should fit. */
const firstPageMax = 64;

const pageFor = (records: number, bytes: number, bytesMax: number): number =>
  records === 0 ? firstPageMax : Math.max(1, Math.floor((bytesMax - bytes) / Math.max(1, bytes / records)));

/** Records of a piece, complete up to `to`. */
export interface RecordsIn {
  readonly records: readonly RawRecord[];
  readonly to: number;
}

export const ingestLaneOf = ({ source, partition }: SourcePartition): LaneKey => ({ phase: 'ingest', source, lane: partition });

/** The records of a piece: from the range's body, or, where it has none, from the raw rows; only where it should have had one is that a refill. */
export const recordsOf = async (context: LaneContext, lane: Lane, piece: Piece<RawRecord>, recordsMax: number): Promise<RecordsIn> => {
  const { source, partition, from, to, content } = piece;
  if (content.kind === 'items') return { records: content.items, to };
  await checkSender(context, ingestLaneOf(piece), piece);
  if (content.kind === 'refill') context.telemetry.emit({ name: 'refill', phase: 'flatten', lane: lane.name, source, partition, from, to });
  return readRecords(context, { source, partition, from, to }, recordsMax);
};

/** As many records as fit one transaction: at most `recordsMax`, and no page more once there are `bytesMax` of them. */
const readRecords = async ({ warehouse, settings }: LaneContext, range: RowRange, recordsMax: number): Promise<RecordsIn> => {
  const records: RawRecord[] = [];
  let bytes = 0;
  for (let from = range.from; records.length < recordsMax && bytes < settings.bytesMax;) {
    const wanted = Math.min(pageFor(records.length, bytes, settings.bytesMax), recordsMax - records.length);
    const page = await warehouse.committed.readRaw({ ...range, from }, wanted);
    for (const record of page) {
      records.push(record);
      bytes += record.payload?.byteLength ?? 0;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < wanted) return { records, to: range.to };
    from = last.offset + 1;
  }
  return { records, to: (records.at(-1)?.offset ?? range.from - 1) + 1 };
};
