import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const runFile = promisify(execFile);
const fetchMsMax = 180_000;

/** A thing that a suite needs and the machine may lack: where it is, or why there is none. */
export type Fetched = { readonly folder: string; readonly why: null } | { readonly folder: null; readonly why: string };

/** Runs a package client, quietly. */
export const run = async (command: string, parameters: readonly string[], cwd: string): Promise<string> => {
  const { stdout } = await runFile(command, [...parameters], { cwd, timeout: fetchMsMax, maxBuffer: 64e6 });
  return stdout;
};

/**
 * A folder outside the repository that is filled once per machine. What cannot be fetched is a reason to skip, and is tried again next time.
 * @param fill - puts everything into the folder that it is given
 */
export const fromShelf = async (name: string, fill: (folder: string) => Promise<void>): Promise<Fetched> => {
  const shelf = join(homedir(), '.cache', 'dsf');
  const folder = join(shelf, name);
  if (existsSync(folder)) return { folder, why: null };
  const work = await mkdtemp(join(tmpdir(), 'dsf-fetch-'));
  try {
    await fill(work);
    await mkdir(shelf, { recursive: true });
    // Copied beside its place and then renamed: two runs at once never see half of it.
    const part = await mkdtemp(join(shelf, 'part-'));
    await cp(work, part, { recursive: true });
    await rename(part, folder).catch(async (error: unknown) => {
      await rm(part, { recursive: true });
      if (!existsSync(folder)) throw error;
    });
    return { folder, why: null };
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { folder: null, why: `${name} cannot be fetched: ${line}` };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};
