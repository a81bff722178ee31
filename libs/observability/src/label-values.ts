import { phaseNames } from '@dsf/ports';

/** Labels of all metrics. A list: every value, at zero from the start. A number: so many values are told apart, the rest are `other`. */
export const labelValues = {
  phase: phaseNames,
  outcome: ['written', 'failed', 'filtered', 'duplicate'],
  stage: ['receive', 'decide', 'write', 'send', 'ack'],
  kind: ['replay', 'recompute', 'rebuild', 'purge', 'other'],
  reason: ['update', 'correction', 'rebuild', 'retract'],
  window: ['open', 'ended', 'running'],
  change: ['claimed', 'left'],
  result: ['ok', 'retry', 'poison', 'fatal'],
  state: ['used', 'idle', 'waiting', 'max'],
  /** Codes come from our own code, but a metric must be bounded for certain. */
  code: 100,
  /** Names of sources and publications, as the definitions have them. */
  source: 200,
  /** Operations of the database port. */
  operation: 40,
} as const satisfies Readonly<Record<string, readonly string[] | number>>;

export type Label = keyof typeof labelValues;
