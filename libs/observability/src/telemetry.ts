import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { phaseNames, type PhaseName, type Telemetry, type TelemetryEvent } from '@dsf/ports';
import { stories } from './events.ts';
import { createMetrics, type Lag } from './metrics.ts';
import { createOwnedLanes } from './owned-lanes.ts';

export interface TelemetryOptions {
  /** The phase of this process; without it the process runs all of them. */
  readonly phase?: PhaseName;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Asked whenever the metrics are read: how far the phases are behind. An error costs these two gauges only. */
  readonly lag?: () => Promise<readonly Lag[]>;
}

type Tell = {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | null;
  readonly say: (event: TelemetryEvent) => string;
  readonly measure?: (event: TelemetryEvent, ...rest: [ReturnType<typeof createMetrics>, ReturnType<typeof createOwnedLanes>]) => void;
};

/** Turns each event into a line of the log and into metrics, as `events.ts` declares. */
export const createTelemetry = ({ phase, logger, registry, lag }: TelemetryOptions): Telemetry => {
  const safeLag =
    lag === undefined
      ? undefined
      : async (): Promise<readonly Lag[]> => {
          try {
            return await lag();
          } catch (error) {
            logger.warn({ event: 'lag', err: error }, 'the lag cannot be told; its metrics are left out');
            return [];
          }
        };
  const metrics = createMetrics(registry, phase === undefined ? phaseNames : [phase], safeLag);
  const owned = createOwnedLanes();
  return {
    emit: (event) => {
      // The table's type ties each name to its event; TypeScript cannot follow that through a lookup by name.
      const { level, say, measure } = stories[event.name] as Tell;
      measure?.(event, metrics, owned);
      if (level === null || !logger.isLevelEnabled(level)) return;
      // A failure's own message is part of what is said; as a fact it would stand twice under one name.
      const { name, ...facts } = 'message' in event ? { ...event, message: undefined } : event;
      logger[level]({ event: name, ...facts }, say(event));
    },
  };
};
