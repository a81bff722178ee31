import type { PhaseName, RecordFailure, Telemetry } from '@dsf/ports';

interface Refused {
  readonly phase: PhaseName;
  readonly lane: string;
  readonly refusals: readonly RecordFailure[];
}

/** After the commit: one event for each code among the failures that it stored, with the first of them. */
export const reportRefusals = (telemetry: Telemetry, { phase, lane, refusals }: Refused): void => {
  for (const [code, same] of Map.groupBy(refusals, (refusal) => refusal.code)) {
    const [first] = same;
    if (first === undefined) continue;
    const { source, partition, offset } = first;
    telemetry.emit({ name: 'refused', phase, lane, count: same.length, code, source, partition, offset });
  }
};
