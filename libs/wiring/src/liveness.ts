import type { Clock, Telemetry } from '@dsf/ports';

/** Whether a process works, as its own loops say; never asks the database, and never looks at the lag. */
export interface Liveness {
  readonly telemetry: Telemetry;
  /** True, or why not. */
  live(): true | string;
  ready(): true | string;
}

/**
 * @param silentMsMax - a lane that has not come round for so long hangs. Must be longer than the slowest batch.
 */
export const createLiveness = (clock: Clock, silentMsMax: number): Liveness => {
  const beats = new Map<string, number>();
  const states = new Map<string, string>();
  return {
    telemetry: {
      emit(event) {
        if (event.name === 'beat' || event.name === 'lane-claimed') beats.set(event.lane, clock.now());
        else if (event.name === 'lane-left') beats.delete(event.lane);
        else if (event.name === 'service') states.set(event.phase, event.state);
      },
    },
    live() {
      const now = clock.now();
      const silent = [...beats].filter(([, at]) => now - at > silentMsMax).map(([lane, at]) => `${lane} for ${Math.round((now - at) / 1000)} s`);
      return silent.length === 0 ? true : `no sign of life from ${silent.join(', ')}`;
    },
    ready() {
      const waiting = [...states].filter(([, state]) => state !== 'ready').map(([phase, state]) => `${phase} is ${state}`);
      if (states.size === 0) return 'nothing has started yet';
      return waiting.length === 0 ? true : waiting.join(', ');
    },
  };
};
