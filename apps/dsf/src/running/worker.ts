/** One thread of `dsf run`: all its phases, with lanes of its own, until it is told to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import { startTracing } from '@dsf/observability';
import type { Telemetry, TelemetryEvent } from '@dsf/ports';
import { openInstallation } from '@dsf/wiring';
import { asFailure, superviseServices } from './supervise-services.ts';
import type { FromWorker, ToldFailure, WorkerTask } from './worker-messages.ts';

/** Events go over in bundles: one at a time would cost more than what they tell of. */
const tellEveryMs = 50;

const say = (message: FromWorker): void => parentPort?.postMessage(message);

const createBundler = (): Telemetry & { readonly flush: () => void } => {
  let events: TelemetryEvent[] = [];
  /** Only the last beat of a lane says anything. */
  const beats = new Map<string, TelemetryEvent>();
  return {
    emit: (event) => {
      if (event.name === 'beat') beats.set(`${event.phase} ${event.lane}`, event);
      else events.push(event);
    },
    flush: () => {
      if (events.length + beats.size === 0) return;
      say({ kind: 'events', events: [...events, ...beats.values()] });
      events = [];
      beats.clear();
    },
  };
};

const run = async (task: WorkerTask, telemetry: Telemetry): Promise<ToldFailure | null> => {
  const { home, measures, environment, internal, turns, phases, settings } = task;
  const stop = new AbortController();
  parentPort?.once('message', () => stop.abort());
  const tracing = await startTracing(environment, 'dsf');
  try {
    const installation = await openInstallation({ home, measures, environment, internal, turns, tracer: tracing.tracer });
    try {
      return await superviseServices(installation, phases, { settings, telemetry, stop });
    } finally {
      await installation.close();
    }
  } finally {
    await tracing.close();
  }
};

const bundler = createBundler();
const timer = setInterval(bundler.flush, tellEveryMs);
let failure: ToldFailure | null = null;
try {
  failure = await run(workerData as WorkerTask, bundler);
} catch (error) {
  failure = asFailure(error);
}
clearInterval(timer);
bundler.flush();
if (failure !== null) failure = { kind: failure.kind, code: failure.code, message: failure.message, facts: failure.facts };
say({ kind: 'ended', failure });
parentPort?.close();
