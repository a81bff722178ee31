import { definitionsSchema, freshSnapshot, type Snapshot } from '@dsf/metadata';
import { Failure, type MetadataStore, type PartitionFeed, type Subscription, type Transport } from '@dsf/ports';
import { fakeClock, type FakeClock } from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { openLane } from './lane.ts';
import { runService, type ServiceContext, type ServiceDefinition } from './service.ts';
import { fakeContext, fakeTransport, type FakeContext } from './specs/fake-context.ts';
import { fakeWarehouse } from './specs/fake-warehouse.ts';
import type { LaneWork } from './work.ts';

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

/** Metadata whose versions are lists of sources. */
const metadataOf = (versions: string[][]): MetadataStore => {
  const snapshotOf = (version: number): Snapshot =>
    versions
      .slice(0, version)
      .reduce<Snapshot | null>(
        (before, names) => freshSnapshot(before, definitionsSchema.parse({ sources: names.map((name) => ({ name })) })),
        null,
      ) ?? freshSnapshot(null, definitionsSchema.parse({}));
  return {
    currentVersion: async () => versions.length,
    loadVersion: async (version: number) => snapshotOf(version),
  } as MetadataStore;
};

interface Scene {
  readonly subscribe: (topic: string) => Partial<Subscription>;
  readonly work?: Partial<LaneWork>;
}

/** A service with an intake per source, whose subscriptions are the spec's. */
const sceneOf = ({ subscribe, work = {} }: Scene): { readonly definition: ServiceDefinition; readonly subscribed: string[] } => {
  const subscribed: string[] = [];
  const transport = {
    ...fakeTransport(),
    ensureTopic: async () => undefined,
    subscribe: async (topic: string) => {
      subscribed.push(topic);
      return {
        // oxlint-disable-next-line require-yield -- a member that is never given a partition
        feeds: async function* (signal: AbortSignal) {
          await aborted(signal);
        },
        close: async () => undefined,
        ...subscribe(topic),
      };
    },
  } as Transport;
  const nothing = async (): Promise<void> => undefined;
  const definition: ServiceDefinition = {
    phase: 'ingest',
    prepare: nothing,
    intakes: async ({ catalogs, warehouse }) =>
      (await catalogs.current()).sources
        .filter(({ retired }) => !retired)
        .map(({ topic }) => ({
          ...{ name: topic, source: topic, topic, group: topic, partitions: 1, transport, isInternal: false },
          workFor: ({ partition }) => ({
            lane: openLane(warehouse, { phase: 'ingest', source: 1, lane: partition }),
            ...{ claimed: nothing, chores: nothing, handle: nothing, goOn: nothing, pause: nothing, announce: nothing },
            ...work,
          }),
        })),
  };
  return { definition, subscribed };
};

const start = (clock: FakeClock, metadata: MetadataStore, definition: ServiceDefinition) => {
  const stop = new AbortController();
  const context: FakeContext = { ...fakeContext({ warehouse: fakeWarehouse() }), clock };
  /** What it ended with; null after a drain. */
  const ended = runService({ ...(context as unknown as ServiceContext), metadata }, definition, stop.signal).then(
    () => null,
    (error: unknown) => error,
  );
  return { stop, ended, context };
};

const idleFeed = (revoked = new AbortController().signal): PartitionFeed => ({
  ...{ partition: 0, revoked, seek: () => undefined, acknowledge: async () => undefined },
  read: async (_, signal) => {
    await aborted(AbortSignal.any([signal, revoked]));
    return [];
  },
});

describe('a service', () => {
  it('begins a source again that was removed and returned while it still drained', async () => {
    const clock = fakeClock();
    const versions = [['orders', 'stays']];
    const gate = Promise.withResolvers<void>();
    const { definition, subscribed } = sceneOf({ subscribe: (topic) => (topic === 'orders' ? { close: () => gate.promise } : {}) });
    const { stop, ended } = start(clock, metadataOf(versions), definition);
    await clock.advance(1000);
    versions.push(['stays']);
    await clock.advance(1000);
    versions.push(['orders', 'stays']);
    await clock.advance(1000);
    expect(subscribed).toEqual(['orders', 'stays']);
    gate.resolve();
    await clock.advance(1000);
    expect(subscribed).toEqual(['orders', 'stays', 'orders']);
    stop.abort();
    await clock.advance(0);
    expect(await ended).toBeNull();
  });

  it('begins a source again that a new version leads to another cluster, and leaves its neighbours alone', async () => {
    const clock = fakeClock();
    const versions = [['orders', 'stays']];
    const closed: string[] = [];
    const { definition, subscribed } = sceneOf({ subscribe: (topic) => ({ close: async () => void closed.push(topic) }) });
    let elsewhere: Transport | null = null;
    const intakes: ServiceDefinition['intakes'] = async (context) => {
      const [orders, ...others] = await definition.intakes(context);
      if (orders === undefined || versions.length < 2) return orders === undefined ? others : [orders, ...others];
      elsewhere ??= { ...orders.transport, subscribe: (_, group) => orders.transport.subscribe('orders elsewhere', group) };
      return [{ ...orders, transport: elsewhere }, ...others];
    };
    const { stop, ended } = start(clock, metadataOf(versions), { ...definition, intakes });
    await clock.advance(1000);
    versions.push(['orders', 'stays']);
    await clock.advance(1000);
    versions.push(['orders', 'stays']);
    await clock.advance(1000);
    expect(subscribed).toEqual(['orders', 'stays', 'orders elsewhere']);
    expect(closed).toEqual(['orders']);
    stop.abort();
    await clock.advance(0);
    expect(await ended).toBeNull();
  });

  it('goes on with its other sources when one stops, and says why at the end', async () => {
    const clock = fakeClock();
    const broken = new Failure('fatal', 'ingest.source-changed', 'offsets mean other records now');
    const { definition, subscribed } = sceneOf({
      subscribe: (topic) => ({
        feeds: async function* (signal) {
          if (topic === 'bad') throw broken;
          yield idleFeed();
          await aborted(signal);
        },
      }),
    });
    const { stop, ended, context } = start(clock, metadataOf([['bad', 'good']]), definition);
    await clock.advance(5000);
    expect(subscribed).toEqual(['bad', 'good']);
    expect(context.events.filter(({ name }) => name === 'stopped')).toMatchObject([{ lane: 'bad', code: 'ingest.source-changed' }]);
    expect(context.events.some(({ name }) => name === 'lane-left')).toBe(false);
    stop.abort();
    await clock.advance(0);
    expect(await ended).toBe(broken);
  });

  it('waits with an open breaker for the source whose broker is away, and takes what it has afterwards whole and in order', async () => {
    const clock = fakeClock();
    const read: string[] = [];
    /** Has a message every second; the broker of `bad` is away for a minute. */
    const feedOf = (topic: string): PartitionFeed => {
      let next = 0;
      return {
        ...idleFeed(),
        async read(_, signal) {
          await clock.sleep(1000, signal);
          if (signal.aborted) return [];
          if (topic === 'bad' && clock.now() - began < 60_000) throw new Failure('retry', 'transport.away', 'the broker is away');
          read.push(`${topic} ${next}`);
          next += 1;
          return [{ partition: 0, offset: next - 1, time: 0, timeType: 'create', key: null, headers: [], body: null }];
        },
      };
    };
    const began = clock.now();
    const { definition } = sceneOf({
      subscribe: (topic) => ({
        feeds: async function* (signal) {
          yield feedOf(topic);
          await aborted(signal);
        },
      }),
    });
    const { stop, ended, context } = start(clock, metadataOf([['bad', 'good']]), definition);
    const breakers = () =>
      context.events.flatMap((event) => ('source' in event && 'lane' in event ? [`${event.name} ${event.source}`] : []));
    const readOf = (topic: string) => read.filter((one) => one.startsWith(topic));
    await clock.advance(50_000);
    expect(breakers()).toEqual(['breaker-opened bad']);
    expect(readOf('bad')).toEqual([]);
    expect(readOf('good').length).toBeGreaterThan(40);
    await clock.advance(30_000);
    expect(breakers()).toEqual(['breaker-opened bad', 'breaker-closed bad']);
    expect(readOf('bad').length).toBeGreaterThan(10);
    expect(readOf('bad')).toEqual(readOf('bad').map((_, index) => `bad ${index}`));
    stop.abort();
    await clock.advance(2000);
    expect(await ended).toBeNull();
  });

  it('stops when its last source stops', async () => {
    const clock = fakeClock();
    const broken = new Failure('fatal', 'ingest.source-changed', 'offsets mean other records now');
    const { definition } = sceneOf({
      subscribe: () => ({
        feeds: async function* () {
          yield idleFeed();
        },
      }),
      work: { claimed: () => Promise.reject(broken) },
    });
    const { ended } = start(clock, metadataOf([['only']]), definition);
    await clock.advance(5000);
    expect(await ended).toBe(broken);
  });

  it('takes its lanes with it when the feeds fail, though nobody revokes them', async () => {
    const clock = fakeClock();
    const { definition } = sceneOf({
      subscribe: () => ({
        feeds: async function* () {
          yield idleFeed();
          throw new Failure('fatal', 'transport.closed', 'the connection is gone');
        },
      }),
    });
    const { ended, context } = start(clock, metadataOf([['only']]), definition);
    await clock.advance(5000);
    expect(await ended).toMatchObject({ code: 'transport.closed' });
    expect(context.events.some(({ name }) => name === 'lane-left')).toBe(true);
  });
});
