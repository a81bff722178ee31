import type { Catalog } from '@dsf/metadata';
import type { GroupRow } from '@dsf/ports';
import { summaryHop } from '../hops.ts';
import type { Lane } from '../lane.ts';
import { sendRanges } from '../outbox.ts';
import type { LaneContext } from '../work.ts';
import { groupBytes } from './group-bytes.ts';

/** Tells dsf.summary what a lane has committed: ranges of revisions that join on from one transaction to the next. */
export interface SummaryOut {
  /** After the lane's memory was read again: what others committed is theirs to tell, or a gap. */
  enter(): void;
  /**
   * The changes since the last call, up to the lane's seq.
   * @param time - source timestamp of the newest record behind them, UTC ms; null when they come from no new record
   * @returns bytes sent
   */
  tell(catalog: Catalog, changed: readonly GroupRow[], time?: number | null): Promise<number>;
}

export const createSummaryOut = (context: LaneContext, lane: Lane): SummaryOut => {
  let epoch = -1;
  /** First revision that dsf.summary has not been told of by us. */
  let untold = 0;
  return {
    enter() {
      if (epoch === lane.epoch()) return;
      epoch = lane.epoch();
      untold = lane.loadedSeq() + 1;
    },
    async tell(catalog, changed, time = null) {
      const frame = {
        source: 0,
        partition: lane.key.lane,
        from: untold,
        to: lane.seq() + 1,
        version: catalog.version,
        time,
        idle: false,
      };
      untold = frame.to;
      reportGroups(context, lane, changed);
      return sendRanges({ ...context, lane: lane.name }, summaryHop, [{ lane: lane.key.lane, range: { ...frame, items: changed } }]);
    },
  };
};

/** One event for each reason, mostly one in all. */
const reportGroups = ({ telemetry }: LaneContext, lane: Lane, changed: readonly GroupRow[]): void => {
  if (changed.length === 0) return;
  const counts = new Map<GroupRow['reason'], { open: number; ended: number; running: number; bytes: number }>();
  for (const row of changed) {
    const { reason, windowEnd, time } = row;
    const count = counts.get(reason) ?? { open: 0, ended: 0, running: 0, bytes: 0 };
    count.bytes += groupBytes([row]);
    if (windowEnd === null) count.running += 1;
    else if (windowEnd > time) count.open += 1;
    else count.ended += 1;
    counts.set(reason, count);
  }
  for (const [reason, count] of counts) telemetry.emit({ name: 'groups', phase: 'summarise', lane: lane.name, reason, ...count });
};
