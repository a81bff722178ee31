import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { PhaseName } from '@dsf/ports';

/** How far a phase is behind: the most over its partitions, never a mean, which hides the one that stands still. */
export interface Lag {
  readonly phase: PhaseName;
  readonly records: number;
  readonly seconds: number;
}

/** Distinct codes that a metric takes before it says `other`: codes come from our own code, but a metric must be bounded for certain. */
const codesMax = 100;

const boundCodes = (): ((code: string) => string) => {
  const known = new Set<string>();
  return (code) => {
    if (known.size < codesMax) known.add(code);
    return known.has(code) ? code : 'other';
  };
};

/** Counters for things that happen in a phase; at zero for each from the start, so that the first increase is seen as one. */
const phaseCounters = (registry: Registry, phases: readonly PhaseName[]) => (name: string, help: string) => {
  const counter = new Counter({ name, help, labelNames: ['phase'], registers: [registry] });
  for (const phase of phases) counter.inc({ phase }, 0);
  return (phase: PhaseName, count = 1): void => counter.inc({ phase }, count);
};

/** As above, told apart by a failure's code; the phase alone stands at zero with code `none`. */
const codeCounters = (registry: Registry, phases: readonly PhaseName[]) => (name: string, help: string) => {
  const counter = new Counter({ name, help, labelNames: ['phase', 'code'], registers: [registry] });
  for (const phase of phases) counter.inc({ phase, code: 'none' }, 0);
  const bound = boundCodes();
  return (phase: PhaseName, code: string, count = 1): void => counter.inc({ phase, code: bound(code) }, count);
};

const outcomes = ['written', 'failed', 'filtered', 'duplicate'] as const;
type Outcome = (typeof outcomes)[number];

const recordCounter = (registry: Registry, phases: readonly PhaseName[]) => {
  const help = 'Records that a phase has dealt with, by what became of them';
  const counter = new Counter({ name: 'dsf_records_total', help, labelNames: ['phase', 'outcome'], registers: [registry] });
  for (const phase of phases) for (const outcome of outcomes) counter.inc({ phase, outcome }, 0);
  return (phase: PhaseName, outcome: Outcome, count: number): void => counter.inc({ phase, outcome }, count);
};

const requestKinds = ['replay', 'recompute', 'rebuild', 'purge', 'other'];

const requestCounter = (registry: Registry, phases: readonly PhaseName[]) => {
  const help = 'Requests that lanes have carried out';
  const counter = new Counter({ name: 'dsf_requests_total', help, labelNames: ['phase', 'kind'], registers: [registry] });
  for (const phase of phases) for (const kind of requestKinds) counter.inc({ phase, kind }, 0);
  return (phase: PhaseName, kind: string, count: number): void =>
    counter.inc({ phase, kind: requestKinds.includes(kind) ? kind : 'other' }, count);
};

const batchHistograms = (registry: Registry) => {
  const labelNames = ['phase'] as const;
  const seconds = new Histogram({
    name: 'dsf_batch_duration_seconds',
    help: 'Time from the batch being there to its ranges being sent',
    labelNames,
    registers: [registry],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const records = new Histogram({
    name: 'dsf_batch_records',
    help: 'Records received in one batch',
    labelNames,
    registers: [registry],
    buckets: [1, 5, 10, 50, 100, 500, 1000, 2000, 5000, 10_000],
  });
  return (phase: PhaseName, batch: { readonly ms: number; readonly received: number }): void => {
    seconds.observe({ phase }, batch.ms / 1000);
    records.observe({ phase }, batch.received);
  };
};

const phaseGauge = (registry: Registry, phases: readonly PhaseName[]) => (name: string, help: string) => {
  const gauge = new Gauge({ name, help, labelNames: ['phase'], registers: [registry] });
  for (const phase of phases) gauge.set({ phase }, 0);
  return (phase: PhaseName, value: number): void => gauge.set({ phase }, value);
};

/** Lag is asked for when the metrics are read. A phase whose lag cannot be told has none, rather than an old one. */
const lagGauges = (registry: Registry, lag: () => Promise<readonly Lag[]>): void => {
  const gauge = (name: string, help: string, of: (reading: Lag) => number): Gauge<'phase'> =>
    new Gauge({
      name,
      help,
      labelNames: ['phase'],
      registers: [registry],
      // Each asks for itself: a gauge that another one sets while it is being read shows what it was at the reading before.
      async collect() {
        const readings = await lag();
        this.reset();
        for (const reading of readings) this.set({ phase: reading.phase }, of(reading));
      },
    });
  gauge('dsf_lag_seconds', 'Age of the oldest record not dealt with, most over the partitions', ({ seconds }) => seconds);
  gauge('dsf_lag_records', 'Records not dealt with, most over the partitions', ({ records }) => records);
};

/** Every metric of DSF. Base units; labels are phase, outcome, kind and code: never ids, offsets, keys or names of users' things. */
export const createMetrics = (registry: Registry, phases: readonly PhaseName[], lag?: () => Promise<readonly Lag[]>) => {
  const counter = phaseCounters(registry, phases);
  const coded = codeCounters(registry, phases);
  const gauge = phaseGauge(registry, phases);
  if (lag !== undefined) lagGauges(registry, lag);
  const tables = new Counter({ name: 'dsf_schema_tables_total', help: 'Tables added to the flat schema', registers: [registry] });
  const columns = new Counter({ name: 'dsf_schema_columns_total', help: 'Columns added to the flat schema', registers: [registry] });
  return {
    batch: batchHistograms(registry),
    records: recordCounter(registry, phases),
    received: counter('dsf_records_received_total', 'Records that came in, duplicates too'),
    sentBytes: counter('dsf_sent_bytes_total', 'Bytes of the messages that the transport has confirmed'),
    sent: counter('dsf_messages_sent_total', 'Messages that the transport has confirmed'),
    refills: counter('dsf_refills_total', 'Gaps that were filled from committed rows; 0 in health'),
    refilled: counter('dsf_refilled_offsets_total', 'Offsets in those gaps'),
    retries: coded('dsf_retries_total', 'Attempts that failed and were repeated, by the code of the failure'),
    refusals: coded('dsf_refusals_total', 'Records stored as failures, by code'),
    requests: requestCounter(registry, phases),
    lanes: gauge('dsf_lanes_owned', 'Lanes that this process works on'),
    lanesLost: counter('dsf_lanes_lost_total', 'Times that somebody else had written to a lane of ours'),
    catalogVersion: gauge('dsf_catalog_version', 'Version of the metadata in force'),
    ready: gauge('dsf_ready', '1 while the phase is ready'),
    stops: coded('dsf_stops_total', 'Lanes or services that stopped because a person must act, by code'),
    schema: (added: { readonly tables: number; readonly columns: number }): void => {
      tables.inc(added.tables);
      columns.inc(added.columns);
    },
  };
};

export type Metrics = ReturnType<typeof createMetrics>;
