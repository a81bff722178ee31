/**
 * What to do about an error: `retry` = decide again, with backoff; `poison` = this record will never pass, store it as a failure and go
 * on; `fatal` = stop, a person must act.
 */
export type FailureKind = 'retry' | 'poison' | 'fatal';

export type FailureFacts = Readonly<Record<string, string | number | boolean | null>>;

/** The only error that crosses a port. `code` is stable and documented; `facts` say where, never the payload. */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly code: string;
  readonly facts: FailureFacts;
  constructor(kind: FailureKind, code: string, message: string, facts: FailureFacts = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Failure';
    this.kind = kind;
    this.code = code;
    this.facts = facts;
  }
}

/** A record that a phase refused, as it is stored. Unique by (phase, coordinates, scope). */
export interface RecordFailure {
  readonly phase: PhaseName;
  readonly source: number;
  readonly partition: number;
  readonly offset: number;
  /** What exactly was refused: '' for the record, or `<driver instance>/<table row>` for one point of it. */
  readonly scope: string;
  readonly code: string;
  /** Where in the message, if known. */
  readonly path: string | null;
  readonly detail: string;
  readonly version: number;
}

export type PhaseName = 'ingest' | 'flatten' | 'summarise' | 'publish';
export const phaseNames: readonly PhaseName[] = ['ingest', 'flatten', 'summarise', 'publish'];
