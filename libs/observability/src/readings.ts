import type { PhaseName, PoolUse } from '@dsf/ports';
import type { Metrics } from './metrics.ts';

/** How far one phase has come with one source (publish: one publication), over all its partitions and lanes. */
export interface SourceReading {
  readonly phase: PhaseName;
  readonly source: string;
  /** Records not dealt with: the most over the partitions, and their sum. */
  readonly lagRecords: number;
  readonly backlog: number;
  /** The most over the partitions, never a mean, which hides the one that stands still. */
  readonly lagSeconds: number;
  readonly oldestSeconds: number;
  /** Offsets that its positions cover minus what became of them; null for phases that do not count records. */
  readonly difference: number | null;
}

/** What only the database can tell: how things stand over all processes. */
export interface Reading {
  readonly sources: readonly SourceReading[];
  readonly openFailures: number;
  readonly openRequests: number;
  readonly pool: PoolUse | null;
}

const show = (metrics: Metrics, { sources, openFailures, openRequests, pool }: Reading): void => {
  const oldest = new Map<PhaseName, number>();
  for (const { phase, source, lagRecords, backlog, lagSeconds, oldestSeconds, difference } of sources) {
    metrics.set('lagRecords', { phase, source }, lagRecords);
    metrics.set('backlog', { phase, source }, backlog);
    metrics.set('lagSeconds', { phase, source }, lagSeconds);
    if (difference !== null) metrics.set('positionDifference', { phase, source }, difference);
    oldest.set(phase, Math.max(oldest.get(phase) ?? 0, oldestSeconds));
  }
  for (const [phase, seconds] of oldest) metrics.set('oldest', { phase }, seconds);
  metrics.set('openFailures', {}, openFailures);
  metrics.set('openRequests', {}, openRequests);
  if (pool !== null) for (const [state, connections] of Object.entries<number>({ ...pool })) metrics.set('pool', { state }, connections);
};

/** A scrape waits so long for the database, then goes out without; Prometheus gives up after ten seconds. */
const readMsMax = 4000;

/** A reading serves every gauge of a scrape, and scrapes that come together. */
const freshMs = 500;

interface Reader {
  /** Null: there is nothing to read from yet; the metrics are left out. */
  readonly read: () => Promise<Reading | null>;
  /** Told when it failed: the metrics are then left out. */
  readonly onFailure: (error: unknown) => void;
}

const within = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Reads before the metrics are shown, at most one reading at a time. */
export const showReadings = (metrics: Metrics, { read, onFailure }: Reader): void => {
  let running: Promise<Reading | null> | null = null;
  let shown: { readonly at: number; readonly done: Promise<void> } | null = null;

  const once = (): Promise<Reading | null> => {
    running ??= read().finally(() => {
      running = null;
    });
    return running;
  };

  const refresh = async (): Promise<void> => {
    const startedAt = performance.now();
    try {
      const reading = await within(once(), readMsMax);
      metrics.clearReadings();
      if (reading === null) return;
      show(metrics, reading);
    } catch (error) {
      metrics.clearReadings();
      onFailure(error);
    }
    metrics.set('readingSeconds', {}, (performance.now() - startedAt) / 1000);
  };

  metrics.beforeReading(() => {
    const now = performance.now();
    if (shown === null || now - shown.at > freshMs) shown = { at: now, done: refresh() };
    return shown.done;
  });
};
