import type { TelemetryEvent } from '@dsf/ports';
import type { Metrics } from './metrics.ts';
import type { Tallies } from './tallies.ts';

type EventName = TelemetryEvent['name'];
type EventOf<Name, Event = TelemetryEvent> = Event extends { readonly name: infer Names } ? (Name extends Names ? Event : never) : never;

/** error: data at risk, or a person must act · warn: recovered · info: what an operator wants to see · debug: one per batch. */
type Level = 'error' | 'warn' | 'info' | 'debug';

interface Story<Event> {
  /** Null: no log line. */
  readonly level: Level | null;
  readonly say: (event: Event) => string;
  readonly measure?: (event: Event, metrics: Metrics, tallies: Tallies) => void;
}

const outcomeCounts = ({ phase, written, failed, filtered, duplicates }: EventOf<'batch'>, metrics: Metrics): void => {
  metrics.count('records', { phase, outcome: 'written' }, written);
  metrics.count('records', { phase, outcome: 'failed' }, failed);
  metrics.count('records', { phase, outcome: 'filtered' }, filtered);
  metrics.count('records', { phase, outcome: 'duplicate' }, duplicates);
};

const batchTimes = ({ phase, ms, received, stages, latencyMs }: EventOf<'batch'>, metrics: Metrics): void => {
  metrics.observe('batchSeconds', { phase }, ms / 1000);
  metrics.observe('batchRecords', { phase }, received);
  metrics.observe('stageSeconds', { phase, stage: 'decide' }, stages.decide / 1000);
  metrics.observe('stageSeconds', { phase, stage: 'write' }, stages.write / 1000);
  metrics.observe('stageSeconds', { phase, stage: 'send' }, stages.send / 1000);
  if (latencyMs !== undefined) metrics.observe('latency', {}, latencyMs / 1000);
};

/** Every event, its log line and its metrics. */
export const stories: { readonly [Name in EventName]: Story<EventOf<Name>> } = {
  batch: {
    level: 'debug',
    say: ({ phase, lane, received, written, ms }) => `${phase} lane ${lane}: ${written} of ${received} records written in ${ms} ms`,
    measure: (event, metrics, tallies) => {
      const { phase, received, written, failed, filtered } = event;
      metrics.count('received', { phase }, received);
      outcomeCounts(event, metrics);
      batchTimes(event, metrics);
      if (event.writtenBytes !== undefined) metrics.count('writtenBytes', { phase }, event.writtenBytes);
      metrics.count('sentBytes', { phase }, event.bytes);
      metrics.count('sent', { phase }, event.sent);
      metrics.set('accounting', { phase }, tallies.account(phase, received - written - failed - filtered));
    },
  },
  delivery: {
    level: null,
    say: () => '',
    measure: ({ phase, bytes, receiveMs, ackMs }, metrics) => {
      metrics.count('receivedBytes', { phase }, bytes);
      metrics.observe('stageSeconds', { phase, stage: 'receive' }, receiveMs / 1000);
      metrics.observe('stageSeconds', { phase, stage: 'ack' }, ackMs / 1000);
    },
  },
  groups: {
    level: null,
    say: () => '',
    measure: ({ phase, reason, open, ended, running, bytes }, metrics) => {
      metrics.count('writtenBytes', { phase }, bytes);
      metrics.count('groups', { reason, window: 'open' }, open);
      metrics.count('groups', { reason, window: 'ended' }, ended);
      metrics.count('groups', { reason, window: 'running' }, running);
    },
  },
  database: {
    level: null,
    say: () => '',
    measure: ({ operation, result, code, ms }, metrics) => {
      metrics.observe('databaseSeconds', { operation, result }, ms / 1000);
      if (result === 'retry' && code !== null) metrics.count('databaseRetries', { code });
    },
  },
  fold: {
    level: 'info',
    say: ({ phase, lane, instance, by, why, bytes, ms }) =>
      by === 'statement'
        ? `${phase} lane ${lane}: folded ${instance} by one statement, which scanned ${bytes} bytes, in ${ms} ms`
        : `${phase} lane ${lane}: folded ${instance} page by page, in ${ms} ms: ${why}`,
    measure: ({ bytes }, metrics) => metrics.count('foldBytes', {}, bytes),
  },
  refill: {
    level: 'warn',
    say: ({ phase, lane, source, partition, from, to }) =>
      `${phase} lane ${lane}: offsets ${from} to before ${to} of source ${source}, partition ${partition}, did not come and are read from the rows`,
    measure: ({ phase, from, to }, metrics) => {
      metrics.count('refills', { phase });
      metrics.count('refilled', { phase }, Math.max(0, to - from));
    },
  },
  'lane-claimed': {
    level: 'info',
    say: ({ phase, lane, seq }) => `${phase} lane ${lane}: taken over at ${seq}`,
    measure: ({ phase, lane }, metrics, tallies) => {
      metrics.count('rebalances', { phase, change: 'claimed' });
      metrics.set('lanes', { phase }, tallies.take(phase, lane));
    },
  },
  'lane-left': {
    level: 'info',
    say: ({ phase, lane }) => `${phase} lane ${lane}: left`,
    measure: ({ phase, lane }, metrics, tallies) => {
      metrics.count('rebalances', { phase, change: 'left' });
      metrics.set('lanes', { phase }, tallies.leave(phase, lane));
      for (const [source, open] of tallies.leaveBreakers(phase, lane)) metrics.set('breakers', { phase, source }, open);
    },
  },
  'lane-lost': {
    level: 'warn',
    say: ({ phase, lane, seq }) => `${phase} lane ${lane}: somebody else has written to it since ${seq}; its state is read again`,
    measure: ({ phase }, metrics) => metrics.count('lanesLost', { phase }),
  },
  retry: {
    level: 'warn',
    say: ({ phase, lane, attempt, waitMs, code, message }) =>
      `${phase} ${lane}: attempt ${attempt} failed, again in ${waitMs} ms: ${message} (${code})`,
    measure: ({ phase, code }, metrics) => metrics.count('retries', { phase, code }),
  },
  'breaker-opened': {
    level: 'warn',
    say: ({ phase, lane, source, failures, code, message }) =>
      `${phase} ${lane}: breaker of ${source} open after ${failures} failures in a row; it waits, and probes until one attempt succeeds: ${message} (${code})`,
    measure: ({ phase, lane, source }, metrics, tallies) => {
      metrics.count('breakerOpenings', { phase, source });
      metrics.set('breakers', { phase, source }, tallies.openBreaker(phase, source, lane));
    },
  },
  'breaker-closed': {
    level: 'info',
    say: ({ phase, lane, source }) => `${phase} ${lane}: breaker of ${source} closed`,
    measure: ({ phase, lane, source }, metrics, tallies) =>
      metrics.set('breakers', { phase, source }, tallies.closeBreaker(phase, source, lane)),
  },
  refused: {
    level: 'warn',
    say: ({ phase, lane, count, code, source, partition, offset }) =>
      `${phase} lane ${lane}: ${count} stored as failures (${code}), the first at source ${source}, partition ${partition}, offset ${offset}`,
    measure: ({ phase, code, count }, metrics) => metrics.count('refusals', { phase, code }, count),
  },
  request: {
    level: 'info',
    say: ({ phase, lane, kind, count }) => `${phase} lane ${lane}: ${count} of ${kind} done`,
    measure: ({ phase, kind, count }, metrics) => metrics.count('requests', { phase, kind }, count),
  },
  'schema-changed': {
    level: 'info',
    say: ({ tables, columns, version }) =>
      `the flat schema has ${tables} more tables and ${columns} more columns; it is now version ${version}`,
    measure: ({ tables, columns }, metrics) => {
      metrics.count('tables', {}, tables);
      metrics.count('columns', {}, columns);
    },
  },
  catalog: {
    level: 'info',
    say: ({ phase, version }) => `${phase}: metadata version ${version} is in force`,
    measure: ({ phase, version }, metrics) => metrics.set('catalogVersion', { phase }, version),
  },
  'reload-failed': {
    level: 'warn',
    say: ({ phase, code, message }) =>
      `${phase}: a new version of the metadata could not be taken up; the last good one stays in force: ${message} (${code})`,
    measure: ({ phase, code }, metrics) => metrics.count('reloadFailures', { phase, code }),
  },
  stopped: {
    level: 'error',
    say: ({ phase, lane, code, message }) => `${phase} ${lane}: stopped: ${message} (${code})`,
    measure: ({ phase, code, lane }, metrics, tallies) => {
      metrics.count('stops', { phase, code });
      metrics.set('stopped', { phase }, tallies.stop(phase, lane));
    },
  },
  beat: { level: null, say: () => '' },
  service: {
    level: 'info',
    say: ({ phase, state }) => `${phase}: ${state}`,
    measure: ({ phase, state }, metrics) => metrics.set('ready', { phase }, state === 'ready' ? 1 : 0),
  },
};
