import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const fetchMsMax = 120_000;

/** Debian's client of librdkafka. */
export interface Kcat {
  /** @returns standard output @throws Error with what it said */
  run(parameters: readonly string[], input?: string): Promise<string>;
}

interface Program {
  readonly file: string;
  readonly libraries: string;
}

const works = ({ file, libraries }: Program): boolean => spawnSync(file, ['-V'], { env: { LD_LIBRARY_PATH: libraries } }).status === 0;

/** What `kcat` needs and a small machine may not have. */
const packages = ['kcat', 'librdkafka1', 'libyajl2', 'liblz4-1', 'libzstd1', 'libsasl2-2', 'libssl3'];

const unpacked = (folder: string): Program => ({
  file: join(folder, 'usr/bin/kcat'),
  libraries: [...new Set(globSync(join(folder, '{usr/lib,lib}/**/*.so*')).map((name) => dirname(name)))].join(':'),
});

/** Unpacked in the folder of the user; nothing is installed. */
const fetchKcat = async (): Promise<Program> => {
  const shelf = join(homedir(), '.cache', 'dsf');
  const folder = join(shelf, 'kcat');
  const there = unpacked(folder);
  if (works(there)) return there;
  await mkdir(shelf, { recursive: true });
  const part = await mkdtemp(join(shelf, 'part-'));
  const download = () => run('apt-get', ['-q', 'download', ...packages], { cwd: part, timeout: fetchMsMax });
  // Without package lists, as on a new machine, there is nothing to download yet.
  await download().catch(async () => {
    await run('apt-get', ['-q', 'update'], { timeout: fetchMsMax });
    await download();
  });
  for (const file of globSync('*.deb', { cwd: part })) await run('dpkg', ['-x', file, '.'], { cwd: part });
  await rm(folder, { recursive: true, force: true });
  await rename(part, folder);
  return unpacked(folder);
};

const open = (program: Program): Kcat => ({
  async run(parameters, input = '') {
    const child = spawn(program.file, [...parameters], { env: { LD_LIBRARY_PATH: program.libraries } });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`kcat ${parameters.join(' ')} ended with ${code ?? 'a signal'}: ${stderr}`);
    return stdout;
  },
});

/** The one that is installed, or Debian's package. @returns why there is none, where there is none */
export const openKcat = async (): Promise<{ readonly kcat: Kcat; readonly why: null } | { readonly kcat: null; readonly why: string }> => {
  const installed = { file: 'kcat', libraries: '' };
  if (works(installed)) return { kcat: open(installed), why: null };
  try {
    const program = await fetchKcat();
    if (works(program)) return { kcat: open(program), why: null };
    return { kcat: null, why: 'kcat of Debian does not run here' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kcat: null, why: `kcat is not installed and cannot be fetched with apt-get: ${reason.split('\n', 1)[0] ?? ''}` };
  }
};
