import type { ConnectionDefinition } from '@dsf/metadata';
import {
  noTracer,
  type Clock,
  type CustomMeasures,
  type Failure,
  type MetadataStore,
  type PartitionFeed,
  type PhaseName,
  type Subscription,
  type Telemetry,
  type Tools,
  type Tracer,
  type Transport,
  type Warehouse,
} from '@dsf/ports';
import { activateAsked } from './activate-asked.ts';
import { asFailure, withBackoff } from './backoff.ts';
import { createCatalogs, type Catalogs } from './catalogs.ts';
import type { Handover } from './handover.ts';
import { runLane, type LoopContext } from './lane-loop.ts';
import { sendByTopic } from './outbox.ts';
import { createPace, type Pace } from './pace.ts';
import { createReadiness } from './readiness.ts';
import type { RuntimeSettings } from './settings.ts';
import type { LaneContext, LaneWork } from './work.ts';

/** Everything that a service is given from outside. */
export interface ServiceContext {
  readonly metadata: MetadataStore;
  readonly warehouse: Warehouse;
  readonly internal: Transport;
  /** One for all the services of a process. */
  readonly handover: Handover;
  readonly transport: (kind: string, connection?: ConnectionDefinition) => Promise<Transport>;
  readonly clock: Clock;
  readonly tools: Tools;
  /** Measures that users brought along. */
  readonly measures: CustomMeasures;
  readonly telemetry: Telemetry;
  /** Default: nothing is traced. */
  readonly tracer?: Tracer;
  readonly settings: RuntimeSettings;
  readonly random: () => number;
}

/** One topic that a service reads, and what it does with each partition that it is given. */
export interface Intake {
  /** Distinguishes the intakes of one service, for example the source's name. */
  readonly name: string;
  /** What metrics know it by: the name of the source, or the topic of an inner hop. */
  readonly source: string;
  readonly topic: string;
  readonly group: string;
  readonly partitions: number;
  readonly transport: Transport;
  /** False for a source: its neighbours go on while it is stopped by a fatal failure. */
  readonly isInternal: boolean;
  /** Lane that goes on with what partition 0 brings. Default 0. */
  readonly beside?: number;
  readonly workFor: (feed: PartitionFeed, context: LaneContext) => LaneWork;
}

/** What differs between the four services. */
export interface ServiceDefinition {
  readonly phase: PhaseName;
  /** Topics to read under the catalog in force; asked again for each new version. */
  readonly intakes: (context: LaneContext) => Promise<readonly Intake[]>;
  /** Topics to write to, made before the first batch. */
  readonly prepare: (context: LaneContext) => Promise<void>;
}

/**
 * Runs one service until `stop` aborts and everything that was begun is finished, at most `settings.drainMs` later.
 * @throws Failure `fatal` when a person must act; every lane has been left by then
 */
export const runService = async (service: ServiceContext, definition: ServiceDefinition, stop: AbortSignal): Promise<void> => {
  const { clock, telemetry, settings } = service;
  const { phase } = definition;
  const broken = new AbortController();
  const giveUp = new AbortController();
  const ending = AbortSignal.any([stop, broken.signal]);
  const catalogs = openCatalogs(service, phase);
  const context: LaneContext = { ...{ ...commonTo(service), phase, catalogs }, giveUp: giveUp.signal };
  const failures: Failure[] = [];
  const running = new Map<string, { readonly done: Promise<void>; readonly stop: AbortController; readonly intake: Intake }>();
  const fail = (error: unknown, intake?: Intake): void => {
    const failure = asFailure(error);
    failures.push(failure);
    const { code, message, facts } = failure;
    telemetry.emit({ name: 'stopped', phase, lane: intake?.name ?? '', code, message, facts });
    // A stopped source does not stop its neighbours; when it was the last one there is nothing left to run for.
    if (intake?.isInternal !== false || running.size <= 1) broken.abort();
  };

  telemetry.emit({ name: 'service', phase, state: 'starting' });
  const readiness = createReadiness(() => telemetry.emit({ name: 'service', phase, state: 'ready' }));
  const persist = <T>(attempt: () => Promise<T>): Promise<T | undefined> => withBackoff({ ...context, lane: phase }, ending, attempt);

  const supervise = async (): Promise<void> => {
    let version = -1;
    while (!ending.aborted) {
      const catalog = await persist(() => activateAsked(service, phase).then(() => catalogs.current()));
      if (catalog !== undefined && catalog.version !== version && catalog.version > 0) {
        await persist(() => definition.prepare(context));
        const intakes = (await persist(() => definition.intakes(context))) ?? [];
        for (const { stop: end, intake: before } of running.values())
          if (!intakes.some((intake) => isAsBefore(intake, before))) end.abort();
        // What returns while it still drains is begun again when it has ended, so this version is looked at once more.
        const isLate = intakes.some(({ name }) => running.get(name)?.stop.signal.aborted === true);
        for (const intake of intakes) {
          if (running.has(intake.name)) continue;
          const own = new AbortController();
          const settled = (): void => readiness.settled(intake.name);
          readiness.expect(intake.name);
          const done = runIntake({ ...context, source: intake.source }, intake, AbortSignal.any([ending, own.signal]), settled).catch(
            (error: unknown) => fail(error, intake),
          );
          const ended = done.finally(() => running.delete(intake.name)).finally(settled);
          running.set(intake.name, { done: ended, stop: own, intake });
        }
        readiness.complete();
        if (!isLate) {
          telemetry.emit({ name: 'catalog', phase, version: catalog.version });
          ({ version } = catalog);
        }
      }
      await clock.sleep(settings.catalogPollMs, ending);
    }
  };

  await supervise().catch((error: unknown) => fail(error));
  telemetry.emit({ name: 'service', phase, state: 'draining' });
  const drained = new AbortController();
  void clock.sleep(settings.drainMs, drained.signal).then(() => giveUp.abort());
  await Promise.all([...running.values()].map(({ done }) => done));
  drained.abort();
  telemetry.emit({ name: 'service', phase, state: 'drained' });
  const [first] = failures;
  if (first !== undefined) throw first;
};

/** Equal connections have the same transport: with another one a new version leads to another cluster, or there in another way. */
const isAsBefore = (intake: Intake, before: Intake): boolean =>
  intake.name === before.name && intake.partitions === before.partitions && intake.transport === before.transport;

/** What is tried before there is a source, or for all of them, is about the definitions: metrics know it by that name. */
const commonTo = (service: ServiceContext) => ({ ...service, tracer: service.tracer ?? noTracer, source: 'definitions' });

const openCatalogs = ({ metadata, clock, settings, telemetry }: ServiceContext, phase: PhaseName): Catalogs =>
  createCatalogs(metadata, clock, {
    pollMs: settings.catalogPollMs,
    onFailure: ({ code, message }) => telemetry.emit({ name: 'reload-failed', phase, code, message }),
  });

/** Reads one topic as a member of its group; each partition that is given runs in a loop of its own until it is taken away. */
const runIntake = async (context: LaneContext, intake: Intake, stop: AbortSignal, joined: () => void): Promise<void> => {
  const broken = new AbortController();
  const ending = AbortSignal.any([stop, broken.signal]);
  const problems: unknown[] = [];
  const { topic, group } = intake;
  const readFrom = { topic, group, system: intake.transport.capabilities.system ?? 'dsf' };
  const lanes = new Map<number, Promise<void>>();
  const paces = new Map<number, Pace>();
  // A source is read whole; of an internal topic only the lanes count, which the metadata number.
  const lanesMax = intake.isInternal ? intake.partitions : Number.POSITIVE_INFINITY;
  const subscription: Subscription | undefined = await withBackoff({ ...context, lane: intake.name }, ending, async () => {
    const { transport, topic, group, partitions, beside } = intake;
    // A source without offsets is a subscription; how many lanes share it is for its definition to say.
    const isSubscription = !intake.isInternal && transport.capabilities.offsets === 'assigned';
    if (!isSubscription) await transport.ensureTopic(topic, partitions);
    return transport.subscribe(topic, group, isSubscription ? partitions : lanesMax, beside);
  });
  if (subscription === undefined) return;
  joined();
  try {
    for await (const feed of subscription.feeds(ending)) {
      if (feed.partition >= lanesMax) continue;
      // The same partition may come back before its last loop has left: one after the other, never both.
      const before = lanes.get(feed.partition) ?? Promise.resolve();
      const pace = paces.get(feed.partition) ?? createPace(context.settings);
      paces.set(feed.partition, pace);
      const run = before
        .then(() => runFeed({ ...context, readFrom, pace }, intake, feed, ending))
        .catch((error: unknown) => {
          problems.push(error);
          broken.abort();
        });
      lanes.set(feed.partition, run);
    }
  } finally {
    // Also when the feeds themselves failed: their lanes must not go on alone.
    broken.abort();
    await Promise.all(lanes.values());
    await subscription.close();
  }
  if (problems.length > 0) throw problems[0];
};

/** Lanes of an internal topic also take what is handed over in this process. */
const runFeed = async (context: LoopContext, intake: Intake, feed: PartitionFeed, stop: AbortSignal): Promise<void> => {
  // Where to go on with the topic cannot be said by an offset that the broker does not have.
  if (!intake.isInternal || intake.transport.capabilities.offsets === 'assigned')
    return runLane(context, intake.workFor(feed, context), feed, stop);
  const both = context.handover.read(intake.transport, intake.topic, feed, async (hop, ranges) => {
    await sendByTopic({ ...context, lane: intake.name }, hop, ranges).catch(() => 0);
  });
  try {
    await runLane(context, intake.workFor(both, context), both, stop);
  } finally {
    await both.close();
  }
};
