/** Every bound that the runtime works within. */
export interface RuntimeSettings {
  /** Most records in one transaction. */
  readonly recordsMax: number;
  /** Most bytes read from a transport at once. */
  readonly bytesMax: number;
  /** What a batch, and a transaction, should take at most; after one that took longer the next are smaller. */
  readonly batchMsMax: number;
  /** How long a read waits for its first message. */
  readonly waitMs: number;
  /** How often an idle lane says where it stands, so that a gap at the end is seen. */
  readonly idleMs: number;
  /** First and longest pause between attempts; the pause doubles in between. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Failures in a row after which waiting is an outage, and told as an open breaker. */
  readonly breakerFailures: number;
  /** How often a service asks for a new catalog version. */
  readonly catalogPollMs: number;
  /** How often a flatten lane looks for rows that are older than their source keeps them. */
  readonly retentionCheckMs: number;
  /** Groups of one driver that summarise keeps in memory, over all lanes. */
  readonly groupsCachedMax: number;
  /** How long a service may go on with its batches after it was told to stop. */
  readonly drainMs: number;
}

export const defaultSettings: RuntimeSettings = {
  recordsMax: 2000,
  bytesMax: 4 * 1024 * 1024,
  batchMsMax: 3300,
  waitMs: 200,
  idleMs: 1000,
  retryMinMs: 20,
  retryMaxMs: 5000,
  breakerFailures: 8,
  catalogPollMs: 200,
  retentionCheckMs: 3_600_000,
  groupsCachedMax: 20_000,
  drainMs: 10_000,
};
