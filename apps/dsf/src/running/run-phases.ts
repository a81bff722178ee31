import { fanOut } from '@dsf/observability';
import { Failure, type PhaseName } from '@dsf/ports';
import { lookAgain, readStatus, type HealthServing, type Installation, type Status } from '@dsf/wiring';
import type { Session } from '../session.ts';
import { createPhaseCounter, type PhaseCounter } from './phase-counts.ts';
import { createProgress, type Progress } from './progress.ts';
import { superviseServices } from './supervise-services.ts';
import { superviseWorkers } from './supervise-workers.ts';

export interface RunOptions {
  readonly phases: readonly PhaseName[];
  /** Threads that they run in; default: as the environment says. */
  readonly workers?: number;
  /** Told how the phases are; null: nobody asks. */
  readonly health: HealthServing | null;
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
/** Whoever waits for the end of a run is told; a service goes on trying, since names may come to mean something. */
const hopeless = ['transport.host-unknown'];

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
    // Only an answer of this very moment may say that nothing is left: an older one does not know what was produced since.
    let isIdle = false;
    if (clock.now() - statusAt >= (waitsForIdle ? idleCheckEveryMs : statusEveryMs)) {
      const fresh = await tryStatus(installation);
      isIdle = fresh?.idleThrough[last] === true;
      status = fresh ?? status;
      statusAt = clock.now();
    }
    progress.show(status);
    if (waitsForIdle && isIdle) {
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

/** Runs what goes on beside the services; what it throws stops them. */
const runBeside = (options: RunOptions, say: (line: string) => void, stop: AbortController) => {
  let open = options.beside !== undefined;
  const run = async (): Promise<void> => {
    try {
      await options.beside?.(stop.signal, say);
    } finally {
      open = false;
    }
  };
  return { isOpen: () => open, done: run() };
};

/**
 * Runs phases in this process, in threads of their own when there are several workers, and shows how far they have come, until `untilIdle` is fulfilled, a signal asks to finish, or a service
 * cannot go on. Everything that was begun is finished then.
 */
export const runPhases = async (session: Session, installation: Installation, options: RunOptions): Promise<RunOutcome> => {
  const { clock } = installation;
  const { workers: configured, ...settings } = session.config();
  const { workers = configured } = options;
  const stop = new AbortController();
  // First of all: whoever reads that we run may ask us to end.
  const asked = session.drainOnSignal();
  asked.addEventListener('abort', () => stop.abort(), { once: true });
  if (asked.aborted) stop.abort();
  const counter: PhaseCounter = createPhaseCounter(clock, (line) => progress.say(line), options.untilIdle ? hopeless : []);
  const progress: Progress = createProgress(session.talk, options.phases, { counter, now: () => clock.now() });
  const { health } = options;
  health?.opened(installation);
  // A source that stopped keeps its lag for ever: waiting for it to become idle would never end.
  if (options.untilIdle) counter.stopped.addEventListener('abort', () => stop.abort(), { once: true });

  if (options.untilIdle && options.phases.includes('ingest')) await lookAgain(installation);
  const telemetry = health === null ? counter.telemetry : fanOut([counter.telemetry, health.telemetry]);
  const broken: unknown[] = [];
  const orStop = <T>(work: Promise<T>): Promise<T | undefined> =>
    work.catch((error: unknown) => {
      broken.push(error);
      stop.abort();
      return undefined;
    });
  const beside = runBeside(options, (line) => progress.say(line), stop);
  const watching = watch(installation, { options, progress, stop, besideDone: () => !beside.isOpen(), counter });
  const [failure, idle] = await Promise.all([
    workers === 1
      ? superviseServices(installation, options.phases, { settings, telemetry, stop })
      : superviseWorkers(session, options.phases, { settings, telemetry, stop, workers }),
    orStop(watching),
    orStop(beside.done),
  ]);
  progress.end(await tryStatus(installation));
  if (broken.length > 0) throw broken[0];
  const stopped = failure !== null || counter.stopped.aborted;
  return { counter, failure, ended: stopped ? 'stopped' : idle === true ? 'idle' : 'asked' };
};
