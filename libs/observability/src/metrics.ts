import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { phaseNames, type PhaseName } from '@dsf/ports';
import { declarations, type MetricKey } from './declarations.ts';
import type { MetricDeclaration } from './metric-declaration.ts';
import { labelValues, type Label } from './label-values.ts';

type Declared = typeof declarations;
type LabelsOf<Key extends MetricKey> = Readonly<Record<Declared[Key]['labels'][number], string>>;
type KeyOf<Kind extends MetricDeclaration['kind']> = {
  [Key in MetricKey]: Declared[Key]['kind'] extends Kind ? Key : never;
}[MetricKey];

/** The metrics of one process, by the keys of `declarations`. Values of bounded labels beyond their bound become `other`. */
export interface Metrics {
  count<Key extends KeyOf<'counter'>>(key: Key, labels: LabelsOf<Key>, by?: number): void;
  set<Key extends KeyOf<'gauge'>>(key: Key, labels: LabelsOf<Key>, value: number): void;
  /** Calls `collect` before the gauges that are told from outside are shown. */
  beforeReading(collect: () => Promise<void>): void;
  /** Takes their values away: none rather than old ones. */
  clearReadings(): void;
  observe<Key extends KeyOf<'histogram'>>(key: Key, labels: LabelsOf<Key>, value: number): void;
}

type Labels = Readonly<Record<string, string>>;

/** Every combination of the values that the labels begin with; a label with any text begins as `none`. */
const combinations = (labels: readonly Label[], phases: readonly PhaseName[]): readonly Labels[] =>
  labels.reduce<readonly Labels[]>(
    (all, label) => {
      const known = label === 'phase' ? phases : labelValues[label];
      const values = typeof known === 'number' ? ['none'] : known;
      return all.flatMap((before) => values.map((value) => ({ ...before, [label]: value })));
    },
    [{}],
  );

/** Each label's values are bounded over all metrics together. */
const createBounds = (): ((labels: Labels) => Labels) => {
  const known = new Map<string, Set<string>>();
  const bound = (label: string, value: string): string => {
    const allowed = labelValues[label as Label];
    if (typeof allowed !== 'number') return (allowed as readonly string[]).includes(value) ? value : 'other';
    const seen = known.get(label) ?? new Set();
    known.set(label, seen);
    if (seen.size < allowed) seen.add(value);
    return seen.has(value) ? value : 'other';
  };
  return (labels) => {
    const bounded: Record<string, string> = {};
    for (const [label, value] of Object.entries(labels)) bounded[label] = bound(label, value);
    return bounded;
  };
};

const empty = (gauge: Gauge, labels: readonly Label[]): void => {
  gauge.reset();
  // A gauge without labels goes back to zero; it has to be taken away.
  if (labels.length === 0) gauge.remove();
};

/** Declares every metric in the registry. Counters are at zero from the start, so that the first increase is seen as one. */
export const createMetrics = (registry: Registry, phases: readonly PhaseName[] = phaseNames): Metrics => {
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const bounded = createBounds();
  for (const [key, declaration] of Object.entries<MetricDeclaration>(declarations)) {
    const { name, help, kind, buckets = [] } = declaration;
    const common = { name, help, labelNames: [...declaration.labels], registers: [registry] };
    const starts = combinations(declaration.labels, phases);
    if (kind === 'counter') {
      const counter = new Counter(common);
      counters.set(key, counter);
      for (const labels of starts) counter.inc(labels, 0);
    } else if (kind === 'gauge') {
      const gauge = new Gauge(common);
      gauges.set(key, gauge);
      if (declaration.read === true) empty(gauge, declaration.labels);
      else for (const labels of starts) gauge.set(labels, 0);
    } else {
      const histogram = new Histogram({ ...common, buckets: [...buckets] });
      histograms.set(key, histogram);
      for (const labels of starts) histogram.zero(labels);
    }
  }
  return {
    count: (key, labels, by = 1) => counters.get(key)?.inc(bounded(labels), by),
    set: (key, labels, value) => gauges.get(key)?.set(bounded(labels), value),
    observe: (key, labels, value) => histograms.get(key)?.observe(bounded(labels), value),
    beforeReading(collect) {
      for (const [key, { read }] of Object.entries<MetricDeclaration>(declarations)) {
        const gauge = gauges.get(key);
        // prom-client reads all metrics at once: each that is told from outside waits for the same reading.
        if (gauge !== undefined && read === true) Object.assign(gauge, { collect });
      }
    },
    clearReadings() {
      for (const [key, { read, labels }] of Object.entries<MetricDeclaration>(declarations)) {
        const gauge = gauges.get(key);
        if (gauge !== undefined && read === true) empty(gauge, labels);
      }
    },
  };
};
