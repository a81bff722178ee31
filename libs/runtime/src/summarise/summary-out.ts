import { encodeSummaryRange } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { GroupRow } from '@dsf/ports';
import type { Lane } from '../lane.ts';
import { sendRanges } from '../outbox.ts';
import { topics, type LaneContext } from '../work.ts';

/** Tells dsf.summary what a lane has committed: ranges of revisions that join on from one transaction to the next. */
export interface SummaryOut {
  /** After the lane's memory was read again: what others committed is theirs to tell, or a gap. */
  enter(): void;
  /** The changes since the last call, up to the lane's seq. @returns bytes sent */
  tell(catalog: Catalog, changed: readonly GroupRow[]): Promise<number>;
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
    async tell(catalog, changed) {
      const frame = {
        source: 0,
        partition: lane.key.lane,
        from: untold,
        to: lane.seq() + 1,
        version: catalog.version,
        time: null,
        idle: false,
      };
      untold = frame.to;
      const items = changed.map(({ instance, key, window, revision, reason, time, version, status, measures }) => ({
        instance,
        key,
        window,
        revision,
        reason,
        time,
        version,
        status,
        measures,
      }));
      const encode = (withBody: boolean): Uint8Array => encodeSummaryRange(withBody ? { ...frame, items } : frame);
      return sendRanges({ ...context, lane: lane.name }, topics.summary, [{ lane: lane.key.lane, encode }]);
    },
  };
};
