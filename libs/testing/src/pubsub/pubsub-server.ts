import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort, killServer, launchServer } from '../server-process.ts';

export interface PubsubEnvironment {
  readonly [name: string]: string | undefined;
}

/**
 * Pub/Sub for tests: Google's emulator where the Cloud SDK has it, else Google's fake for Go programs behind a port. The fake is the better
 * one, but has to be fetched and built first, which takes a minute or two: it is used where that has been done, or with DSF_TEST_PUBSUB=pstest;
 * DSF_TEST_PUBSUB=emulator takes the emulator, another value is the address of one that runs already.
 */
export interface PubsubServer {
  /** `host:port` */
  readonly address: string;
  /** `emulator`: Google's, in Java. `pstest`: Google's fake for Go. `given`: what DSF_TEST_PUBSUB names. */
  readonly kind: PubsubKind;
  /** Freezes it, or lets it go on; the messages are in its memory alone. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  close(): Promise<void>;
}

type PubsubKind = 'emulator' | 'pstest' | 'given';

const run = promisify(execFile);
const startMsMax = 60_000;

/** Where Debian's package and Google's archive put the Cloud SDK. */
const sdks = ['/usr/lib/google-cloud-sdk', '/usr/share/google-cloud-sdk', '/opt/google-cloud-sdk', join(homedir(), 'google-cloud-sdk')];
const jarIn = (sdk: string): string | undefined => {
  const folder = join(sdk, 'platform', 'pubsub-emulator', 'bin', 'cloud-pubsub-emulator');
  return existsSync(folder) ? folder : undefined;
};

const isOnPath = (environment: PubsubEnvironment, program: string): string | undefined =>
  [...(environment['PATH'] ?? '').split(':'), '/usr/local/go/bin'].map((folder) => join(folder, program)).find((file) => existsSync(file));

const builtProgram = join(homedir(), '.cache', 'dsf-test', 'pstest');

/** What there is to start, best first. */
const found = (environment: PubsubEnvironment): { readonly kind: PubsubKind; readonly program: string } | null => {
  const given = environment['DSF_TEST_PUBSUB'];
  if (given !== undefined && given !== '' && given !== 'pstest' && given !== 'emulator') return { kind: 'given', program: given };
  const go = isOnPath(environment, 'go');
  if (go !== undefined && (given === 'pstest' || (given !== 'emulator' && existsSync(builtProgram))))
    return { kind: 'pstest', program: go };
  const emulator = sdks.map(jarIn).find((file) => file !== undefined);
  if (emulator !== undefined && isOnPath(environment, 'java') !== undefined) return { kind: 'emulator', program: emulator };
  return go === undefined || given === 'emulator' ? null : { kind: 'pstest', program: go };
};

/**
 * Google's emulator lets new messages of an ordering key overtake those that come again, and gives nobody the keys of a client that was
 * killed, for ever. What needs the service's own behaviour there is tested against the fake alone.
 */
export const isStrictPubsub = (environment: PubsubEnvironment): boolean => found(environment)?.kind === 'pstest';

/** Null when there is something to test against; else why not. */
export const whyNoPubsub = (environment: PubsubEnvironment): string | null =>
  found(environment) === null
    ? 'neither the Pub/Sub emulator of the Cloud SDK (with Java) nor Go is installed; DSF_TEST_PUBSUB=host:port names one that runs elsewhere'
    : null;

const source = fileURLToPath(new URL('pstest', import.meta.url));

/** Built once per machine; `go` keeps what it has fetched. */
const buildPstest = async (go: string): Promise<string> => {
  await mkdir(dirname(builtProgram), { recursive: true });
  await run(go, ['build', '-o', builtProgram, '.'], { cwd: source });
  return builtProgram;
};

/** @throws Error with what the server said, when it does not start */
export const startPubsub = async (environment: PubsubEnvironment): Promise<PubsubServer> => {
  const what = found(environment);
  if (what === null) throw new Error(whyNoPubsub(environment) ?? '');
  const { kind, program } = what;
  if (kind === 'given') {
    const refuse = (): never => {
      throw new Error('this test needs a server of its own: unset DSF_TEST_PUBSUB');
    };
    return { address: program, kind, signal: refuse, close: async () => undefined };
  }
  const port = await freePort();
  const command =
    kind === 'emulator'
      ? // The shell script becomes the Java process.
        ['sh', program, '--host=127.0.0.1', `--port=${port}`]
      : [await buildPstest(program), `127.0.0.1:${port}`];
  const child = await launchServer('Pub/Sub', command, { port, startMsMax });
  // A run that is cut short leaves no server behind.
  const last = (): void => void child.kill('SIGKILL');
  process.once('exit', last);
  return {
    address: `127.0.0.1:${port}`,
    kind,
    signal: (signal) => void child.kill(signal),
    close: async () => {
      process.off('exit', last);
      await killServer(child);
    },
  };
};
