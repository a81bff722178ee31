import type { Tools } from '@dsf/ports';

/** What ingest needs to know: the topic of each source, by source number. */
export interface IngestPlan {
  readonly topics: ReadonlyMap<number, string>;
  readonly tools: Tools;
}
