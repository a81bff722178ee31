import type { FailureFacts, PhaseName } from './failure.ts';

/** Everything that DSF tells the outside world about itself while it runs; one event becomes one log line and its metrics. */
export type TelemetryEvent =
  | {
      readonly name: 'batch';
      readonly phase: PhaseName;
      readonly lane: string;
      readonly received: number;
      readonly written: number;
      readonly failed: number;
      readonly filtered: number;
      readonly duplicates: number;
      readonly sent: number;
      readonly bytes: number;
      readonly ms: number;
    }
  | {
      readonly name: 'refill';
      readonly phase: PhaseName;
      readonly lane: string;
      readonly source: number;
      readonly partition: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly name: 'lane-claimed' | 'lane-left' | 'lane-lost'; readonly phase: PhaseName; readonly lane: string; readonly seq: number }
  | {
      readonly name: 'retry';
      readonly phase: PhaseName;
      readonly lane: string;
      readonly attempt: number;
      readonly waitMs: number;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly name: 'refused';
      readonly phase: PhaseName;
      readonly lane: string;
      readonly count: number;
      readonly code: string;
      readonly source: number;
      readonly partition: number;
      readonly offset: number;
    }
  | { readonly name: 'request'; readonly phase: PhaseName; readonly lane: string; readonly kind: string; readonly count: number }
  | { readonly name: 'schema-changed'; readonly tables: number; readonly columns: number; readonly version: number }
  | { readonly name: 'catalog'; readonly phase: PhaseName; readonly version: number }
  | {
      readonly name: 'stopped';
      readonly phase: PhaseName;
      readonly lane: string;
      readonly code: string;
      readonly message: string;
      readonly facts: FailureFacts;
    }
  /** A lane's loop has come round; while a lane is owned and no beat comes, the loop hangs. Neither logged nor counted. */
  | { readonly name: 'beat'; readonly phase: PhaseName; readonly lane: string }
  | { readonly name: 'service'; readonly phase: PhaseName; readonly state: 'starting' | 'ready' | 'draining' | 'drained' };

export interface Telemetry {
  emit(event: TelemetryEvent): void;
}
