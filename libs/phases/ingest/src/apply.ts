import type { RawRecord } from '@dsf/messages';
import type { RawRow } from '@dsf/ports';
import type { IngestPlan } from './plan.ts';

/**
 * Raw rows for the records, exactly as received. Ingest judges nothing: whatever the bytes are, they are stored first.
 * @param records - of sources that the plan knows
 */
export const apply = (plan: IngestPlan, records: readonly RawRecord[]): readonly RawRow[] =>
  records.map((record) => ({
    ...record,
    topic: plan.topics.get(record.source) ?? '',
    sha256: record.payload === null ? null : plan.tools.sha256(record.payload),
  }));
