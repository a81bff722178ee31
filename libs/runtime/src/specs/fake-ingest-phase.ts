import type { IngestPhase } from '@dsf/ports';

/** Rows as they came in, without hashes. */
export const fakeIngestPhase: IngestPhase<null> = {
  compile: () => null,
  apply: (_plan, { source, partition, deliveries, ingestedAt }) =>
    deliveries.map(({ offset, time, timeType, key, headers, body }) => ({
      ...{ source, partition, offset, time, timeType, ingestedAt, key, headers },
      ...{ payload: body, topic: 'orders', sha256: null },
    })),
};
