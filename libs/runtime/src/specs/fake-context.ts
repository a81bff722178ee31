import type { Catalog } from '@dsf/metadata';
import { noTracer, type OutgoingMessage, type TelemetryEvent, type Transport } from '@dsf/ports';
import type { Catalogs } from '../catalogs.ts';
import { createHandover } from '../handover.ts';
import { defaultSettings } from '../settings.ts';
import type { LaneContext } from '../work.ts';
import { fakeWarehouse } from './fake-warehouse.ts';

export interface FakeContext extends LaneContext {
  readonly events: TelemetryEvent[];
  /** Pauses that were asked for, ms. */
  readonly pauses: number[];
}

export const catalogOf = (version: number, more: Partial<Catalog> = {}): Catalog => ({
  ...{ version, settings: { lanes: 2 }, sources: [], drivers: [], publications: [] },
  ...more,
});

export const fakeCatalogs = (...versions: readonly Catalog[]): Catalogs => {
  const newest = versions.at(-1) ?? catalogOf(1);
  return {
    current: async () => newest,
    newest: async () => newest,
    atLeast: async () => newest,
    at: async (version) => versions.find((catalog) => catalog.version === version) ?? newest,
  };
};

export interface Sent extends OutgoingMessage {
  readonly topic: string;
}

export type FakeTransport = Transport & { readonly sent: Sent[] };

/** Takes everything that is sent; `send` may be replaced. */
export const fakeTransport = ({
  messageBytesMax = 1_000_000,
  send,
}: { messageBytesMax?: number; send?: Transport['send'] } = {}): FakeTransport => {
  const sent: Sent[] = [];
  const take: Transport['send'] = async (topic, messages) => void sent.push(...messages.map((message) => ({ topic, ...message })));
  return { sent, capabilities: { offsets: 'broker', messageBytesMax }, send: send ?? take } as FakeTransport;
};

/** A lane's context with a clock that does not wait and an ear for telemetry. */
export const fakeContext = (parts: Partial<LaneContext> = {}): FakeContext => {
  const events: TelemetryEvent[] = [];
  const pauses: number[] = [];
  let now = 1_000;
  return {
    phase: 'flatten',
    source: 'dsf.raw',
    warehouse: fakeWarehouse(),
    catalogs: fakeCatalogs(),
    internal: fakeTransport(),
    handover: createHandover(),
    transport: () => Promise.resolve(fakeTransport()),
    tools: { sha256: () => new Uint8Array() },
    measures: new Map(),
    tracer: noTracer,
    giveUp: new AbortController().signal,
    settings: defaultSettings,
    random: () => 0.5,
    telemetry: { emit: (event) => void events.push(event) },
    clock: {
      now: () => now,
      async sleep(ms) {
        pauses.push(ms);
        now += ms;
      },
    },
    ...parts,
    events,
    pauses,
  };
};
