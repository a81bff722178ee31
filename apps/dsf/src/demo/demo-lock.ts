import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, exitCodes } from '../exit-codes.ts';

const isAlive = (pid: number): boolean => {
  // A process that died in a container may have had the number that we have now.
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/**
 * Keeps a second demonstration out of the same installation: both would find the same messages missing and send them.
 * @returns what gives the place free
 * @throws CommandError when another one is running
 */
export const lockDemo = (home: string): (() => void) => {
  const file = join(home, 'demo.lock');
  mkdirSync(home, { recursive: true });
  for (let attempt = 0; ; attempt += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST') || attempt > 0) throw error;
    }
    const pid = Number(readFileSync(file, 'utf8'));
    if (isAlive(pid))
      throw new CommandError(
        exitCodes.unavailable,
        `the demonstration is already running here, as process ${pid}`,
        'stop it first, or set DSF_HOME to another folder',
      );
    rmSync(file, { force: true });
  }
};
