import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a command ended, as its user sees it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is running. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** Resolves when standard error holds the text; rejects when the command ends without it. */
  readonly saying: (text: string) => Promise<void>;
}

export const repository = join(import.meta.dirname, '../../../..');
const program = join(repository, 'apps/dsf/bin/dsf.mjs');
/** Compiled code is kept where the suites' services keep it: a start takes half the CPU. */
const compileCache = { NODE_COMPILE_CACHE: join(repository, 'node_modules/.cache/dsf') };

/** A folder to work in, with an installation of its own in `.dsf`. */
export interface Workplace {
  readonly folder: string;
  readonly start: (...args: readonly string[]) => Running;
  /** Runs `dsf`, with `input` on its standard input. */
  readonly dsf: (args: readonly string[], input?: string | Uint8Array) => Promise<Ended>;
  /** The same, for commands that must work. @returns standard output */
  readonly must: (args: readonly string[], input?: string | Uint8Array) => Promise<string>;
  readonly clear: () => void;
}

const watch = (child: ChildProcessWithoutNullStreams): Running => {
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A command that ends before it has read its input is no failure of the spec.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const saying = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stderr.includes(text)) resolve();
      };
      child.stderr.on('data', look);
      child.on('close', () => (stderr.includes(text) ? resolve() : reject(new Error(`it never said "${text}" but:\n${stderr}`))));
      look();
    });
  return { child, ended, saying };
};

export const openWorkplace = (env: Readonly<Record<string, string>> = {}): Workplace => {
  const folder = mkdtempSync(join(tmpdir(), 'dsf-cli-'));
  const start = (...args: readonly string[]): Running =>
    watch(
      spawn(process.execPath, ['--conditions=@dsf/source', program, ...args], {
        cwd: folder,
        // Nothing of the machine's own settings: what is checked is what a user with none sees.
        env: { ...compileCache, DSF_HOME: join(folder, '.dsf'), ...env },
      }),
    );
  const dsf = (args: readonly string[], input: string | Uint8Array = ''): Promise<Ended> => {
    const { child, ended } = start(...args);
    child.stdin.end(input);
    return ended;
  };
  return {
    folder,
    start,
    dsf,
    async must(args, input) {
      const { code, stdout, stderr } = await dsf(args, input);
      if (code !== 0) throw new Error(`dsf ${args.join(' ')} ended with ${String(code)}:\n${stderr}`);
      return stdout;
    },
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** The JSON objects of an output, one per line. */
export const jsonLines = (stdout: string): readonly Readonly<Record<string, unknown>>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
