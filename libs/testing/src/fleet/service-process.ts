import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compileCache } from '../compile-cache.ts';

export const serviceNames = ['ingestor', 'flattener', 'summariser', 'publisher'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** How a process ended: its exit code, or the signal that ended it. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One service as a process of its own, as a platform would run it. */
export interface ServiceProcess {
  readonly name: ServiceName;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ending>;
  /** What it wrote to its outputs, the last part of it. */
  readonly log: () => string;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));
/** Characters of a process's log that are kept for a failing test. */
const logMax = 100_000;

/**
 * @param environment - everything that the process sees of its environment, but for where compiled code is kept
 * @param parameters - further ones of Node.js
 */
export const startService = (
  name: ServiceName,
  environment: Readonly<Record<string, string>>,
  parameters: readonly string[] = [],
): ServiceProcess => {
  const program = ['--conditions=@dsf/source', '--disable-warning=ExperimentalWarning', ...parameters, `apps/${name}/src/main.ts`];
  const child: ChildProcess = spawn(process.execPath, program, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Compiled code is kept: a service that is killed fifty times would spend more time on starting than on working.
    env: { ...compileCache, ...environment },
  });
  let log = '';
  for (const output of [child.stdout, child.stderr]) {
    output?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-logMax);
    });
  }
  return {
    name,
    signal: (signal) => {
      child.kill(signal);
    },
    ended: new Promise((resolve) => {
      // Not at its exit: what it said last may come after that.
      child.once('close', (code, signal) => {
        resolve({ code, signal });
      });
    }),
    log: () => log,
  };
};
