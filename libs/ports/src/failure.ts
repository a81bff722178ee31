import { hash32 } from '@dsf/messages';

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
  /**
   * What exactly was refused: '' for the record, or `<driver instance>/<table row>` for one point of it; for publish the group. At most
   * `scopeLengthMax` letters: `fitScope`.
   */
  readonly scope: string;
  readonly code: string;
  /** Where in the message, if known. */
  readonly path: string | null;
  readonly detail: string;
  readonly version: number;
}

/** In UTF-16 units. A scope is part of a unique key, for which databases have a limit: SQL Server's is 1,700 bytes, coordinates included. */
export const scopeLengthMax = 200;

/** Of both seeds, because either alone has known collisions of like texts. */
const hashOf = (text: string): string => ['a', 'b'].map((seed) => hash32(`${seed}${text}`).toString(16).padStart(8, '0')).join('');

/**
 * A scope within the limit: the key of a group, which may be part of it, has none. A long one is cut, and ends in a hash of the whole, so that others
 * stay others. The name of an instance, up to the `/`, always stays whole: it has at most 129 letters. A scope that fits is left as it is.
 */
export const fitScope = (scope: string): string => {
  if (scope.length <= scopeLengthMax) return scope;
  const hash = hashOf(scope);
  // Never half of a surrogate pair at the end.
  const head = scope.slice(0, scopeLengthMax - hash.length - 1).replace(/[\uD800-\uDBFF]$/, '');
  return `${head}~${hash}`;
};

export type PhaseName = 'ingest' | 'flatten' | 'summarise' | 'publish';
export const phaseNames: readonly PhaseName[] = ['ingest', 'flatten', 'summarise', 'publish'];
