import { runFlattener } from '@dsf/flattener';
import { runIngestor } from '@dsf/ingestor';
import { Failure, type PhaseName, type Telemetry } from '@dsf/ports';
import { runPublisher } from '@dsf/publisher';
import { defaultSettings, type RuntimeSettings } from '@dsf/runtime';
import { runSummariser } from '@dsf/summariser';
import { readStatus, type Installation, type Status } from '@dsf/wiring';
import type { Session } from '../session.ts';
import { createPhaseCounter, type PhaseCounter } from './phase-counts.ts';
import { createProgress, type Progress } from './progress.ts';

type RunService = (installation: Installation, settings: RuntimeSettings, telemetry: Telemetry, stop: AbortSignal) => Promise<void>;

const services: Readonly<Record<PhaseName, RunService>> = { ingest: runIngestor, flatten: runFlattener, summarise: runSummariser, publish: runPublisher };

export interface RunOptions {
  readonly phases: readonly PhaseName[];
  /** End when everything that was sent has come through the last of the phases. */
  readonly untilIdle: boolean;
  /** Told once, when everything has come through for the first time. */
  readonly onIdle?: (say: (line: string) => void, counter: PhaseCounter) => Promise<void>;
  /** Something that goes on beside them, such as producing; idle is not asked before it has ended. */
  readonly beside?: (signal: AbortSignal, say: (line: string) => void) => Promise<void>;
}

/** How a run ended. */
export interface RunOutcome {
  readonly counter: PhaseCounter;
  readonly ended: 'idle' | 'asked' | 'stopped';
  /** The first service's reason, when a person must act. */
  readonly failure: Failure | null;
}

/** How often the terminal is redrawn, and how often the database is asked how far things are. */
const showEveryMs = 100;
const statusEveryMs = 250;
const idleCheckEveryMs = 60;

const asFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : new Failure('fatal', 'internal', error instanceof Error ? error.message : String(error), {}, { cause: error });

/** Runs services until `stop` aborts; the first that breaks stops the rest. @returns why, or null */
const superviseServices = async (installation: Installation, options: RunOptions, { telemetry, stop }: { readonly telemetry: Telemetry; readonly stop: AbortController }): Promise<Failure | null> => {
  let first: Failure | null = null;
  await Promise.all(
    options.phases.map(async (phase) => {
      try {
        await services[phase](installation, defaultSettings, telemetry, stop.signal);
      } catch (error) {
        first ??= asFailure(error);
        stop.abort();
      }
    }),
  );
  return first;
};

/** The state of the installation; null while its database is too busy to say. */
const tryStatus = async (installation: Installation): Promise<Status | null> => {
  try {
    return await readStatus(installation);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'retry') return null;
    throw error;
  }
};

interface Watching {
  readonly options: RunOptions;
  readonly progress: Progress;
  readonly stop: AbortController;
  readonly besideDone: () => boolean;
  readonly counter: PhaseCounter;
}

/** Shows progress until the services are told to stop, and tells them to when there is nothing left to do. @returns true when that was why */
const watch = async (installation: Installation, { options, progress, stop, besideDone, counter }: Watching): Promise<boolean> => {
  const { clock } = installation;
  const last = options.phases.at(-1) ?? 'publish';
  let toldIdle = options.onIdle === undefined;
  let status: Status | null = null;
  let statusAt = -Infinity;
  while (!stop.signal.aborted) {
    const waitsForIdle = (options.untilIdle || !toldIdle) && besideDone();
    if (clock.now() - statusAt >= (waitsForIdle ? idleCheckEveryMs : statusEveryMs)) {
      status = (await tryStatus(installation)) ?? status;
      statusAt = clock.now();
    }
    progress.show(status);
    if (waitsForIdle && status?.idleThrough[last] === true) {
      if (!toldIdle) await options.onIdle?.((line) => progress.say(line), counter);
      toldIdle = true;
      if (options.untilIdle) {
        stop.abort();
        return true;
      }
    }
    await clock.sleep(waitsForIdle ? idleCheckEveryMs : showEveryMs, stop.signal);
  }
  return false;
};

/**
 * Runs phases in this process and shows how far they have come, until `untilIdle` is fulfilled, a signal asks to finish, or a service
 * cannot go on. Everything that was begun is finished then.
 */
export const runPhases = async (session: Session, installation: Installation, options: RunOptions): Promise<RunOutcome> => {
  const { clock } = installation;
  const stop = new AbortController();
  const asked = session.drainOnSignal();
  asked.addEventListener('abort', () => stop.abort(), { once: true });
  const counter: PhaseCounter = createPhaseCounter(clock, (line) => progress.say(line));
  const progress: Progress = createProgress(session.talk, options.phases, { counter, now: () => clock.now() });
  // A source that stopped keeps its lag for ever: waiting for it to become idle would never end.
  if (options.untilIdle) counter.stopped.addEventListener('abort', () => stop.abort(), { once: true });

  let besideFailure: unknown = null;
  let besideOpen = options.beside !== undefined;
  const beside = async (): Promise<void> => {
    try {
      await options.beside?.(stop.signal, (line) => progress.say(line));
    } catch (error) {
      besideFailure = error;
      stop.abort();
    } finally {
      besideOpen = false;
    }
  };
  const watching = watch(installation, { options, progress, stop, besideDone: () => !besideOpen, counter }).catch((error: unknown) => {
    besideFailure ??= error;
    stop.abort();
    return false;
  });
  const [failure, idle] = await Promise.all([superviseServices(installation, options, { telemetry: counter.telemetry, stop }), watching, beside()]);
  progress.end(await tryStatus(installation));
  if (besideFailure !== null) throw besideFailure;
  const stopped = failure !== null || counter.stopped.aborted;
  return { counter, failure, ended: stopped ? 'stopped' : idle ? 'idle' : 'asked' };
};
