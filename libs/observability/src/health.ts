import type { Clock, PhaseName, Telemetry, TelemetryEvent } from '@dsf/ports';

/** Whether something is well, and the reasons when it is not. */
export interface Verdict {
  readonly ok: boolean;
  readonly why: readonly string[];
}

export interface HealthOptions {
  readonly clock: Clock;
  /** Phases that this process runs; it is ready when all are. */
  readonly phases: readonly PhaseName[];
  /** A lane whose loop has not come round for so long hangs. Far above the longest retry pause and the slowest batch. */
  readonly stallMs: number;
}

/** Learns from the events whether the process lives and whether it is ready. */
export interface Health extends Telemetry {
  /** Not well when the loop of a lane hangs: only a restart helps. Says nothing about databases, brokers or lag. */
  live(): Verdict;
  /** Not well before the process has reached its database and brought it up to date, and all its phases have begun. Waits for no definitions. */
  startup(): Verdict;
  /**
   * Not well before the first version of the metadata is in force and every topic that it names has been joined, and from the moment that
   * the process is told to stop.
   */
  ready(): Verdict;
}

type ServiceState = Extract<TelemetryEvent, { name: 'service' }>['state'];

const verdict = (why: readonly string[]): Verdict => ({ ok: why.length === 0, why });

export const createHealth = ({ clock, phases, stallMs }: HealthOptions): Health => {
  const states = new Map<PhaseName, ServiceState>();
  /** Code of the last failure before a phase could begin. */
  const obstacles = new Map<PhaseName, string>();
  const notStarted = (phase: PhaseName): string => {
    const code = obstacles.get(phase);
    return code === undefined ? `${phase} is not started` : `${phase} is not started: it is tried again after ${code}, see the log`;
  };
  /** When the loop of each lane that we own came round last. */
  const beats = new Map<string, number>();
  return {
    emit: (event) => {
      if (event.name === 'service') states.set(event.phase, event.state);
      else if (event.name === 'retry' && !states.has(event.phase)) obstacles.set(event.phase, event.code);
      if (!('lane' in event)) return;
      const lane = `${event.phase} lane ${event.lane}`;
      if (event.name === 'lane-left') beats.delete(lane);
      // Whatever a lane says shows that it lives. What was never claimed, such as a service that looks for metadata, owes no beat.
      else if (event.name === 'lane-claimed' || beats.has(lane)) beats.set(lane, clock.now());
    },
    live: () => {
      const now = clock.now();
      const silent = [...beats].filter(([, at]) => now - at > stallMs);
      return verdict(silent.map(([lane, at]) => `${lane} has not come round for ${now - at} ms`));
    },
    startup: () => verdict(phases.filter((phase) => !states.has(phase)).map(notStarted)),
    ready: () =>
      verdict(
        phases.flatMap((phase) => {
          const state = states.get(phase);
          if (state === 'ready') return [];
          return [state === undefined ? notStarted(phase) : `${phase} is ${state}`];
        }),
      ),
  };
};
