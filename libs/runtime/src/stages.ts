import type { Clock, StageTimes } from '@dsf/ports';

/** Times the parts of a batch, which follow each other without a gap. A clock that is set back counts as no time. */
export interface Stages {
  /** The part that has run since the one before ends now. */
  end(stage: keyof StageTimes): void;
  times(): StageTimes;
  ms(): number;
}

/** Bytes of the records' payloads; one addition per record. */
export const payloadBytes = (records: readonly { readonly payload: Uint8Array | null }[]): number => {
  let bytes = 0;
  for (const { payload } of records) bytes += payload?.byteLength ?? 0;
  return bytes;
};

export const startStages = (clock: Clock): Stages => {
  const startedAt = clock.now();
  const times = { decide: 0, write: 0, send: 0 };
  let endedAt = startedAt;
  return {
    end(stage) {
      const now = clock.now();
      times[stage] += Math.max(0, now - endedAt);
      endedAt = now;
    },
    times: () => ({ ...times }),
    ms: () => Math.max(0, clock.now() - startedAt),
  };
};
