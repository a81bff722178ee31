/** Runs phases as their services do, with the telemetry that they have, and counts what they say. */
import { runFlattener } from '@dsf/flattener';
import { runIngestor } from '@dsf/ingestor';
import { createLogger, createRegistry, createTelemetry } from '@dsf/observability';
import { phaseNames, type PhaseName, type Telemetry, type TelemetryEvent } from '@dsf/ports';
import { runPublisher } from '@dsf/publisher';
import { defaultSettings } from '@dsf/runtime';
import { runSummariser } from '@dsf/summariser';
import { openInstallation } from '@dsf/wiring';
import type { PhaseCount, Report, Task, Usage } from './task.ts';
import { createUsage } from './usage.ts';

const services = { ingest: runIngestor, flatten: runFlattener, summarise: runSummariser, publish: runPublisher } as const;
const nothing: PhaseCount = { received: 0, written: 0, sent: 0, batches: 0, refills: 0, retries: 0 };

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

/** Counts events; the work begins when the first lane is claimed and ends with the last batch. */
const createCounter = () => {
  const counts: Partial<Record<PhaseName, PhaseCount>> = {};
  const usage = createUsage();
  const emit = (event: TelemetryEvent): void => {
    if (event.name === 'lane-claimed') usage.begin();
    if (event.name === 'batch') usage.mark();
    if ('phase' in event) counts[event.phase] = count(counts[event.phase] ?? nothing, event);
  };
  return { emit, counts: () => ({ ...counts }), usage: (): Usage => usage.read() };
};

export const runPhases = async (
  { phases, home }: Extract<Task, { kind: 'phases' }>,
  say: (report: Report) => void,
  stop: AbortSignal,
): Promise<Report> => {
  const counter = createCounter();
  const installation = await openInstallation({ home });
  const product = createTelemetry({
    ...(phases.length === 1 && phases[0] !== undefined ? { phase: phases[0] } : {}),
    logger: createLogger({ level: 'warn', service: 'bench' }),
    registry: createRegistry(),
  });
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
    const chosen = phaseNames.filter((phase) => phases.includes(phase));
    await Promise.all(chosen.map((phase) => services[phase](installation, defaultSettings, telemetry, stop)));
  } finally {
    clearInterval(timer);
    await installation.close();
  }
  return { kind: 'done', usage: counter.usage(), counts: counter.counts() };
};
