import { Worker } from 'node:worker_threads';
import type { Environment, InternalConfig } from '@dsf/config';
import { Failure, type PhaseName, type Telemetry, type TelemetryEvent } from '@dsf/ports';
import { createTurns } from '@dsf/wiring';
import { asFailure, type Supervising } from './supervise-services.ts';
import { stopMessage, type FromWorker, type WorkerTask } from './worker-messages.ts';

/** What workers open for themselves; as a session has it. */
export interface WorkersHome {
  readonly home: string;
  readonly measures: string | null;
  readonly environment: Environment;
  readonly internal: () => InternalConfig;
}

type ServiceState = Extract<TelemetryEvent, { name: 'service' }>['state'];

/** States of a service in the order in which it goes through them. */
const states: readonly ServiceState[] = ['starting', 'ready', 'draining', 'drained'];

/** Tells of a service what all workers have reached: it is ready when the last one is. */
const createMerger = (workers: number, telemetry: Telemetry) => {
  const reached = new Map<PhaseName, number[]>();
  return (worker: number, event: TelemetryEvent): void => {
    if (event.name !== 'service') return telemetry.emit(event);
    const own = reached.get(event.phase) ?? Array.from({ length: workers }, () => -1);
    const before = Math.min(...own);
    own[worker] = states.indexOf(event.state);
    reached.set(event.phase, own);
    const state = states[Math.min(...own)];
    if (state !== undefined && Math.min(...own) > before) telemetry.emit({ ...event, state });
  };
};

/** One thread, until it has ended. Resolves with why it could not go on, or null. */
const runWorker = (task: WorkerTask, stop: AbortController, tell: (event: TelemetryEvent) => void): Promise<Failure | null> =>
  new Promise((resolve) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: task });
    let outcome: Failure | null = new Failure('fatal', 'internal', 'a worker ended without a word');
    const ask = (): void => worker.postMessage(stopMessage);
    stop.signal.addEventListener('abort', ask, { once: true });
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'events') return message.events.forEach(tell);
      const { failure } = message;
      outcome = failure === null ? null : new Failure(failure.kind, failure.code, failure.message, failure.facts);
      if (failure !== null) stop.abort();
    });
    worker.on('error', (error: unknown) => {
      outcome = asFailure(error);
    });
    worker.on('exit', () => {
      stop.signal.removeEventListener('abort', ask);
      // Whoever dies without a word stops the rest, as a service does: half of the lanes must not stand still unnoticed.
      if (outcome !== null) stop.abort();
      resolve(outcome);
    });
  });

/**
 * Runs phases in threads: each runs all of them, and consumer groups spread the lanes over them. What they tell is told here.
 * @returns the first failure, or null
 */
export const superviseWorkers = async (
  { home, measures, environment, internal }: WorkersHome,
  phases: readonly PhaseName[],
  { settings, telemetry, stop, workers }: Supervising & { readonly workers: number },
): Promise<Failure | null> => {
  const opening = { home, measures, environment: { ...environment }, internal: internal(), turns: createTurns() };
  const task: WorkerTask = { ...opening, phases, settings };
  const merge = createMerger(workers, telemetry);
  const ended = await Promise.all(Array.from({ length: workers }, (_, worker) => runWorker(task, stop, (event) => merge(worker, event))));
  return ended.find((failure) => failure !== null) ?? null;
};
