import type { Label } from './label-values.ts';

export interface MetricDeclaration {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly unit: 'records' | 'messages' | 'bytes' | 'seconds' | 'offsets' | 'lanes' | 'groups' | 'connections' | 'version' | '1' | 'events';
  readonly labels: readonly Label[];
  /** For people: what to make of it. */
  readonly look: string;
  /** True: told by the database when the metrics are read, and absent while it cannot be; else at zero from the start. */
  readonly read?: true;
  readonly buckets?: readonly number[];
}

export const counter = <const Labels extends readonly Label[]>(metric: Omit<MetricDeclaration, 'kind' | 'buckets'> & { labels: Labels }) =>
  ({ ...metric, kind: 'counter' }) as const;
export const gauge = <const Labels extends readonly Label[]>(metric: Omit<MetricDeclaration, 'kind' | 'buckets'> & { labels: Labels }) =>
  ({ ...metric, kind: 'gauge' }) as const;
export const histogram = <const Labels extends readonly Label[]>(
  metric: Omit<MetricDeclaration, 'kind'> & { labels: Labels; buckets: readonly number[] },
) => ({ ...metric, kind: 'histogram' }) as const;

/** Buckets, in seconds, of what takes as long as a statement, and of what takes as long as a pipeline. */
export const short = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
export const long = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86_400];
