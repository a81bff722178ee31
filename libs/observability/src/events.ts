import type { TelemetryEvent } from '@dsf/ports';
import type { OwnedLanes } from './owned-lanes.ts';
import type { Metrics } from './metrics.ts';

type EventName = TelemetryEvent['name'];
type EventOf<Name, Event = TelemetryEvent> = Event extends { readonly name: infer Names } ? (Name extends Names ? Event : never) : never;

/** error: data at risk, or a person must act · warn: recovered · info: what an operator wants to see · debug: one per batch. */
type Level = 'error' | 'warn' | 'info' | 'debug';

interface Story<Event> {
  /** Null: no log line. */
  readonly level: Level | null;
  readonly say: (event: Event) => string;
  readonly measure?: (event: Event, metrics: Metrics, owned: OwnedLanes) => void;
}

/** Every event, its log line and its metrics. */
export const stories: { readonly [Name in EventName]: Story<EventOf<Name>> } = {
  batch: {
    level: 'debug',
    say: ({ phase, lane, received, written, ms }) => `${phase} lane ${lane}: ${written} of ${received} records written in ${ms} ms`,
    measure: (event, metrics) => {
      const { phase } = event;
      metrics.batch(phase, event);
      metrics.received(phase, event.received);
      metrics.sentBytes(phase, event.bytes);
      metrics.records(phase, 'written', event.written);
      metrics.records(phase, 'failed', event.failed);
      metrics.records(phase, 'filtered', event.filtered);
      metrics.records(phase, 'duplicate', event.duplicates);
      metrics.sent(phase, event.sent);
    },
  },
  refill: {
    level: 'warn',
    say: ({ phase, lane, source, partition, from, to }) =>
      `${phase} lane ${lane}: offsets ${from} to before ${to} of source ${source}, partition ${partition}, did not come and are read from the rows`,
    measure: ({ phase, from, to }, metrics) => {
      metrics.refills(phase);
      metrics.refilled(phase, Math.max(0, to - from));
    },
  },
  'lane-claimed': {
    level: 'info',
    say: ({ phase, lane, seq }) => `${phase} lane ${lane}: taken over at ${seq}`,
    measure: ({ phase, lane }, metrics, owned) => metrics.lanes(phase, owned.take(phase, lane)),
  },
  'lane-left': {
    level: 'info',
    say: ({ phase, lane }) => `${phase} lane ${lane}: left`,
    measure: ({ phase, lane }, metrics, owned) => metrics.lanes(phase, owned.leave(phase, lane)),
  },
  'lane-lost': {
    level: 'warn',
    say: ({ phase, lane, seq }) => `${phase} lane ${lane}: somebody else has written to it since ${seq}; its state is read again`,
    measure: ({ phase }, metrics) => metrics.lanesLost(phase),
  },
  retry: {
    level: 'warn',
    say: ({ phase, lane, attempt, waitMs, code, message }) =>
      `${phase} ${lane}: attempt ${attempt} failed, again in ${waitMs} ms: ${message} (${code})`,
    measure: ({ phase, code }, metrics) => metrics.retries(phase, code),
  },
  refused: {
    level: 'warn',
    say: ({ phase, lane, count, code, source, partition, offset }) =>
      `${phase} lane ${lane}: ${count} stored as failures (${code}), the first at source ${source}, partition ${partition}, offset ${offset}`,
    measure: ({ phase, code, count }, metrics) => metrics.refusals(phase, code, count),
  },
  request: {
    level: 'info',
    say: ({ phase, lane, kind, count }) => `${phase} lane ${lane}: ${count} of ${kind} done`,
    measure: ({ phase, kind, count }, metrics) => metrics.requests(phase, kind, count),
  },
  'schema-changed': {
    level: 'info',
    say: ({ tables, columns, version }) =>
      `the flat schema has ${tables} more tables and ${columns} more columns; it is now version ${version}`,
    measure: (event, metrics) => metrics.schema(event),
  },
  catalog: {
    level: 'info',
    say: ({ phase, version }) => `${phase}: metadata version ${version} is in force`,
    measure: ({ phase, version }, metrics) => metrics.catalogVersion(phase, version),
  },
  stopped: {
    level: 'error',
    say: ({ phase, lane, code, message }) => `${phase} ${lane}: stopped: ${message} (${code})`,
    measure: ({ phase, code }, metrics) => metrics.stops(phase, code),
  },
  beat: { level: null, say: () => '' },
  service: {
    level: 'info',
    say: ({ phase, state }) => `${phase}: ${state}`,
    measure: ({ phase, state }, metrics) => metrics.ready(phase, state === 'ready' ? 1 : 0),
  },
};
