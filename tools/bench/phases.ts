/** Runs phases as their services do, with the telemetry that they have, and counts what they say. */
import {
  embeddedSettings,
  flattenerSettings,
  ingestorSettings,
  parseConfig,
  parseInternal,
  publisherSettings,
  summariserSettings,
} from '@dsf/config';
import { createLogger, createRegistry, createTelemetry } from '@dsf/observability';
import { type PhaseName, type Telemetry, type TelemetryEvent } from '@dsf/ports';
import { databaseTraffic, openInstallation } from '@dsf/wiring';
import { superviseServices } from '../../apps/dsf/src/running/supervise-services.ts';
import { superviseWorkers, type WorkersHome } from '../../apps/dsf/src/running/supervise-workers.ts';
import { isService, type PhaseCount, type Report, type Task, type Traffic, type Usage } from './task.ts';
import { createUsage } from './usage.ts';

type PhasesTask = Extract<Task, { kind: 'phases' }>;

const workersHome = (home: string, environment: NonNullable<PhasesTask['environment']>): WorkersHome => ({
  home,
  measures: null,
  environment,
  internal: () => parseInternal(environment),
});

/** What a service works within when nothing is set. */
const settingsOf = (task: PhasesTask) => {
  const [first] = task.phases;
  if (first === undefined || !isService(task)) return parseConfig(embeddedSettings, {});
  const own = { ingest: ingestorSettings, flatten: flattenerSettings, summarise: summariserSettings, publish: publisherSettings };
  return parseConfig(own[first], {});
};

const nothing: PhaseCount = { received: 0, written: 0, sent: 0, batches: 0, refills: 0, retries: 0 };

/** Of each lane, before the time begins: the first opens connections and makes the server's plans. */
const warmBatches = 2;

/** How often the parent hears how far we are. */
const sayEveryMs = 20;

const count = (before: PhaseCount, event: TelemetryEvent): PhaseCount => {
  if (event.name === 'refill') return { ...before, refills: before.refills + 1 };
  if (event.name === 'retry') return { ...before, retries: before.retries + 1 };
  if (event.name !== 'batch') return before;
  const { received, written, sent } = event;
  return {
    ...before,
    received: before.received + received,
    written: before.written + written,
    sent: before.sent + sent,
    batches: before.batches + 1,
  };
};

const noTraffic: Traffic = { roundTrips: 0, transactions: 0 };

interface CounterOptions {
  readonly traffic: () => Traffic;
  readonly first: PhaseName | undefined;
  /** As the task says; 0: the work begins when the first lane is claimed. */
  readonly warm: number;
}

/** Counts events; the work ends with the last batch. */
const createCounter = ({ traffic, first, warm }: CounterOptions) => {
  let [before, after] = [noTraffic, noTraffic];
  let warmed: number | null = null;
  const batches = new Map<string, number>();
  const counts: Partial<Record<PhaseName, PhaseCount>> = {};
  const usage = createUsage();
  const emit = (event: TelemetryEvent): void => {
    if ('phase' in event) counts[event.phase] = count(counts[event.phase] ?? nothing, event);
    if (event.name !== 'lane-claimed' && event.name !== 'batch') return;
    if (event.name === 'batch' && event.phase === first) batches.set(event.lane, (batches.get(event.lane) ?? 0) + 1);
    if (
      warmed === null &&
      batches
        .values()
        .filter((some) => some >= warmBatches)
        .toArray().length >= warm
    ) {
      warmed = (first === undefined ? undefined : counts[first]?.received) ?? 0;
      before = traffic();
      usage.begin();
    } else if (event.name === 'batch') {
      after = traffic();
      usage.mark();
    }
  };
  const asked = (): Traffic => ({
    roundTrips: after.roundTrips - before.roundTrips,
    transactions: after.transactions - before.transactions,
  });
  return { emit, counts: () => ({ ...counts }), usage: (): Usage => usage.read(), asked, warmed: () => warmed ?? 0 };
};

export const runPhases = async (task: PhasesTask, say: (report: Report) => void, stop: AbortController): Promise<Report> => {
  const { phases, home, workers, environment = {}, warm = 0 } = task;
  const installation = await openInstallation({ home, environment, internal: parseInternal(environment) });
  const traffic = await databaseTraffic(environment);
  const counter = createCounter({ traffic: traffic.read, first: phases[0], warm });
  const product = createTelemetry({
    ...(phases.length === 1 && phases[0] !== undefined ? { phase: phases[0] } : {}),
    logger: createLogger({ level: 'warn', service: 'bench' }),
    registry: createRegistry(),
  });
  const settings = settingsOf(task);
  const waiting = new Set<PhaseName>(phases);
  const telemetry: Telemetry = {
    emit: (event) => {
      product.emit(event);
      counter.emit(event);
      if (event.name === 'service' && event.state === 'ready' && waiting.delete(event.phase) && waiting.size === 0) say({ kind: 'ready' });
    },
  };
  const timer = setInterval(() => say({ kind: 'progress', counts: counter.counts() }), sayEveryMs);
  try {
    const failure =
      workers === 1
        ? await superviseServices(installation, phases, { settings, telemetry, stop })
        : await superviseWorkers(workersHome(home, environment), phases, { settings, telemetry, stop, workers });
    if (failure !== null) throw failure;
  } finally {
    clearInterval(timer);
    await traffic.close();
    await installation.close();
  }
  return { kind: 'done', usage: counter.usage(), counts: counter.counts(), traffic: counter.asked(), warmed: counter.warmed() };
};
