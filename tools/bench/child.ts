/** Starts processes of the benchmark and hears what they say. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isService, type Report, type Task } from './task.ts';

export interface Child {
  /** Resolves when its services are ready. */
  readonly ready: Promise<void>;
  readonly done: Promise<Extract<Report, { kind: 'done' }>>;
  /** What it is, for people. */
  readonly name: string;
  readonly pid: number;
  /** The newest of what it has counted. */
  counts(): Extract<Report, { kind: 'progress' }>['counts'];
  stop(): void;
}

const program = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** @param profileFolder - where the process leaves a CPU profile; null: none */
export const startChild = (task: Task, profileFolder: string | null): Child => {
  // A folder for each process: every thread leaves a file of its own.
  const profile = profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profileFolder, nameOf(task))}`];
  const child = fork(program, [JSON.stringify(task)], {
    execArgv: [
      ...flagsOf(task),
      ...['--conditions=@dsf/source', '--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'],
      ...profile,
    ],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ready = Promise.withResolvers<void>();
  const done = Promise.withResolvers<Extract<Report, { kind: 'done' }>>();
  // Whoever waits for one of the two hears of it; the other must not count as unhandled.
  ready.promise.catch(() => undefined);
  done.promise.catch(() => undefined);
  let counts: Extract<Report, { kind: 'progress' }>['counts'] = {};
  const fail = (why: string): void => {
    const error = new Error(`${nameOf(task)}: ${why}`);
    ready.reject(error);
    done.reject(error);
  };
  child.on('message', (message) => {
    const report = message as Report;
    if (report.kind === 'ready') ready.resolve();
    else if (report.kind === 'progress') ({ counts } = report);
    else if (report.kind === 'done') done.resolve(report);
    else fail(report.why);
  });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', (code, signal) => {
    process.removeListener('exit', kill);
    fail(`ended with ${signal ?? `code ${code}`}`);
  });
  return {
    name: nameOf(task),
    pid: child.pid ?? 0,
    ready: ready.promise,
    done: done.promise,
    counts: () => counts,
    stop: () => {
      if (child.connected) child.send('stop');
    },
  };
};

/** A service has the flags that its image starts it with. */
const flagsOf = (task: Task): readonly string[] =>
  task.kind === 'phases' && isService(task) ? ['--max-semi-space-size=8', '--v8-pool-size=1'] : [];

const nameOf = (task: Task): string => {
  if (task.kind === 'floor') return `floor-${task.floor}`;
  return task.kind === 'phases' ? task.phases.join('-') : task.kind;
};
