import type { GroupChange } from '@dsf/messages';
import type { FailureFacts, FailureKind, PhaseName } from './failure.ts';

/** How long the parts of a batch took, ms: deciding (with what has to be read for it), the transaction, and sending. */
export interface StageTimes {
  readonly decide: number;
  readonly write: number;
  readonly send: number;
}

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
      /** Of the messages sent. */
      readonly bytes: number;
      /** Of the payloads or documents that were written; summarise tells of its groups by `groups`. */
      readonly writtenBytes?: number;
      /** From the batch being there to its ranges being sent. */
      readonly ms: number;
      /** The same in parts; they add up to `ms`. */
      readonly stages: StageTimes;
      /** Publish: from the source's timestamp of the newest record behind the documents to their being confirmed; absent where it is not known. */
      readonly latencyMs?: number;
    }
  /** A read that brought something, until it was acknowledged. */
  | {
      readonly name: 'delivery';
      readonly phase: PhaseName;
      readonly lane: string;
      readonly messages: number;
      readonly bytes: number;
      readonly receiveMs: number;
      readonly ackMs: number;
    }
  /** Groups that one transaction changed. */
  | {
      readonly name: 'groups';
      readonly phase: PhaseName;
      readonly lane: string;
      readonly reason: GroupChange['reason'];
      /** Of windows that had not ended when the change was committed, by the wall clock. */
      readonly open: number;
      /** Of windows that had. */
      readonly ended: number;
      /** Of drivers without a window. */
      readonly running: number;
      /** Of their keys, measures and states, in UTF-8. */
      readonly bytes: number;
    }
  | {
      /** All groups of a driver instance in a lane, folded again. */
      readonly name: 'fold';
      readonly phase: 'summarise';
      readonly lane: string;
      readonly instance: string;
      readonly by: 'statement' | 'pages';
      /** Why page by page, where the database can fold by a statement. */
      readonly why: string | null;
      /** Bytes that the statement scanned. */
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
  /** So many attempts in a row have failed: the lane waits, and probes, until one succeeds. One `breaker-closed` follows each. */
  | {
      readonly name: 'breaker-opened';
      readonly phase: PhaseName;
      readonly lane: string;
      readonly source: string;
      readonly failures: number;
      readonly code: string;
      readonly message: string;
    }
  | { readonly name: 'breaker-closed'; readonly phase: PhaseName; readonly lane: string; readonly source: string }
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
  /** A version could not be asked for or loaded; the last good one stays in force meanwhile. */
  | { readonly name: 'reload-failed'; readonly phase: PhaseName; readonly code: string; readonly message: string }
  | {
      readonly name: 'stopped';
      readonly phase: PhaseName;
      readonly lane: string;
      readonly code: string;
      readonly message: string;
      readonly facts: FailureFacts;
    }
  /** One operation of the database; `code` is that of its failure. */
  | {
      readonly name: 'database';
      readonly operation: string;
      readonly result: 'ok' | FailureKind;
      readonly code: string | null;
      readonly ms: number;
    }
  /** A lane's loop has come round; while a lane is owned and no beat comes, the loop hangs. Neither logged nor counted. */
  | { readonly name: 'beat'; readonly phase: PhaseName; readonly lane: string }
  | { readonly name: 'service'; readonly phase: PhaseName; readonly state: 'starting' | 'ready' | 'draining' | 'drained' };

export interface Telemetry {
  emit(event: TelemetryEvent): void;
}
