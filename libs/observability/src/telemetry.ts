import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { phaseNames, type PhaseName, type Telemetry, type TelemetryEvent } from '@dsf/ports';
import { stories } from './events.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { showReadings, type Reading } from './readings.ts';
import { createTallies, type Tallies } from './tallies.ts';

export interface TelemetryOptions {
  /** The phase of this process; without it the process runs all of them. */
  readonly phase?: PhaseName;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Asked when the metrics are read: what only the database knows. Null: it is not open yet. An error, or no answer in time, costs these gauges only. */
  readonly read?: () => Promise<Reading | null>;
}

type Tell = {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | null;
  readonly say: (event: TelemetryEvent) => string;
  readonly measure?: (event: TelemetryEvent, metrics: Metrics, tallies: Tallies) => void;
};

/** Turns each event into a line of the log and into metrics, as `events.ts` declares. */
export const createTelemetry = ({ phase, logger, registry, read }: TelemetryOptions): Telemetry => {
  const metrics = createMetrics(registry, phase === undefined ? phaseNames : [phase]);
  const tallies = createTallies();
  if (read !== undefined) {
    showReadings(metrics, {
      read,
      onFailure: (error) => logger.warn({ event: 'reading', err: error }, 'lag and positions cannot be told; their metrics are left out'),
    });
  }
  return {
    emit: (event) => {
      // The table's type ties each name to its event; TypeScript cannot follow that through a lookup by name.
      const { level, say, measure } = stories[event.name] as Tell;
      measure?.(event, metrics, tallies);
      if (level === null || !logger.isLevelEnabled(level)) return;
      // A failure's own message is part of what is said; as a fact it would stand twice under one name.
      const { name, ...facts } = 'message' in event ? { ...event, message: undefined } : event;
      logger[level]({ event: name, ...facts }, say(event));
    },
  };
};
