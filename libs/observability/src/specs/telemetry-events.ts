import { Registry } from 'prom-client';
import type { PhaseName, TelemetryEvent } from '@dsf/ports';
import { createLogger } from '../logger.ts';
import type { Reading } from '../readings.ts';
import { createTelemetry } from '../telemetry.ts';

/** Telemetry whose lines and metrics can be looked at. */
export const openTelemetry = (
  options: { readonly level?: string; readonly phase?: PhaseName; readonly read?: () => Promise<Reading | null> } = {},
) => {
  const { level = 'debug', ...rest } = options;
  const registry = new Registry();
  const lines: string[] = [];
  const logger = createLogger({ level, service: 'test', destination: { write: (line) => void lines.push(line) } });
  const telemetry = createTelemetry({ logger, registry, ...rest });
  return {
    registry,
    telemetry,
    lines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    /** Value of one time series, such as `dsf_lanes_owned{phase="flatten"}`; undefined when there is none. */
    value: async (series: string) => {
      const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length));
    },
  };
};

export const batch: Extract<TelemetryEvent, { name: 'batch' }> = {
  name: 'batch',
  phase: 'flatten',
  lane: '3',
  received: 9,
  written: 6,
  failed: 1,
  filtered: 2,
  duplicates: 1,
  sent: 4,
  bytes: 5000,
  writtenBytes: 900,
  ms: 20,
  stages: { decide: 4, write: 10, send: 6 },
  latencyMs: 1500,
};

/** One of each, with values that must never become labels. */
export const everyEvent: readonly TelemetryEvent[] = [
  batch,
  { name: 'delivery', phase: 'flatten', lane: 'lane-77', messages: 3, bytes: 700, receiveMs: 50, ackMs: 2 },
  { name: 'groups', phase: 'summarise', lane: 'lane-77', reason: 'update', open: 2, ended: 3, running: 5, bytes: 640 },
  { name: 'database', operation: 'transact', result: 'retry', code: 'warehouse.busy', ms: 12.5 },
  { name: 'reload-failed', phase: 'flatten', code: 'catalog.unreadable', message: 'gone' },
  {
    ...{ name: 'fold', phase: 'summarise', lane: 'lane-77', instance: 'sales@77' },
    ...{ by: 'statement', why: null, bytes: 4096, ms: 4 },
  },
  { name: 'refill', phase: 'flatten', lane: 'lane-77', source: 7701, partition: 7702, from: 7703, to: 7713 },
  { name: 'lane-claimed', phase: 'flatten', lane: 'lane-77', seq: 7704 },
  { name: 'lane-lost', phase: 'flatten', lane: 'lane-77', seq: 7704 },
  { name: 'lane-left', phase: 'flatten', lane: 'lane-77', seq: 7704 },
  { name: 'retry', phase: 'flatten', lane: 'lane-77', attempt: 2, waitMs: 40, code: 'warehouse.busy', message: 'busy' },
  {
    ...{ name: 'breaker-opened', phase: 'flatten', lane: 'lane-78', source: 'dsf.raw', failures: 8 },
    ...{ code: 'warehouse.away', message: 'gone' },
  },
  { name: 'breaker-closed', phase: 'flatten', lane: 'lane-78', source: 'dsf.raw' },
  { name: 'refused', phase: 'flatten', lane: 'lane-77', count: 3, code: 'flatten.not-json', source: 7701, partition: 7702, offset: 7705 },
  { name: 'request', phase: 'flatten', lane: 'lane-77', kind: 'replay', count: 2 },
  { name: 'schema-changed', tables: 2, columns: 5, version: 7706 },
  { name: 'catalog', phase: 'flatten', version: 12 },
  { name: 'stopped', phase: 'flatten', lane: 'lane-77', code: 'transport.out-of-range', message: 'gone', facts: { offset: 7707 } },
  { name: 'beat', phase: 'flatten', lane: 'lane-77' },
  { name: 'service', phase: 'flatten', state: 'ready' },
];
