import type { Environment, InternalConfig } from '@dsf/config';
import type { FailureFacts, FailureKind, PhaseName, TelemetryEvent } from '@dsf/ports';
import type { RuntimeSettings } from '@dsf/runtime';

/*
 * What the threads of `dsf run` say to each other. Plain data: it is copied on the way.
 */

/** What a worker is told when it begins. */
export interface WorkerTask {
  readonly home: string;
  readonly measures: string | null;
  readonly environment: Environment;
  readonly internal: InternalConfig;
  readonly turns: SharedArrayBuffer;
  readonly phases: readonly PhaseName[];
  readonly settings: RuntimeSettings;
}

/** A failure without its cause. */
export interface ToldFailure {
  readonly kind: FailureKind;
  readonly code: string;
  readonly message: string;
  readonly facts: FailureFacts;
}

export type FromWorker =
  | { readonly kind: 'events'; readonly events: readonly TelemetryEvent[] }
  | { readonly kind: 'ended'; readonly failure: ToldFailure | null };

/** Told to a worker: finish what was begun. */
export const stopMessage = 'stop';
