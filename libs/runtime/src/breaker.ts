import type { Failure, PhaseName, Telemetry } from '@dsf/ports';

/** Whose breaker it is. One lane of a source is paused alone: its neighbours may have another broker, and go on. */
export interface BreakerOf {
  readonly telemetry: Telemetry;
  readonly phase: PhaseName;
  readonly lane: string;
  /** Name of the source or publication, or topic of an inner hop: what metrics know it by. */
  readonly source: string;
}

/**
 * Says that waiting has become an outage. Open is waiting, and nothing else: nothing is skipped, put aside or overtaken meanwhile. After each
 * pause one attempt probes, and the first that does not fail in this way closes it.
 */
export interface Breaker {
  /** So many attempts in a row have failed. Opens once, and stays open until it is closed. */
  failed(count: number, failure: Failure): void;
  close(): void;
}

/** @param failuresMax - failures in a row that open it */
export const createBreaker = ({ telemetry, phase, lane, source }: BreakerOf, failuresMax: number): Breaker => {
  let isOpen = false;
  return {
    failed(count, { code, message }) {
      if (isOpen || count < failuresMax) return;
      isOpen = true;
      telemetry.emit({ name: 'breaker-opened', phase, lane, source, failures: count, code, message });
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      telemetry.emit({ name: 'breaker-closed', phase, lane, source });
    },
  };
};
