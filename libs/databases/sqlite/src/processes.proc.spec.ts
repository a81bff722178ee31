import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';
import { openSqliteWarehouse } from './warehouse.ts';

const folder = temporaryFolder();
const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});
afterAll(folder.discard);

interface Worker {
  /** Resolves with the seqs that it said, when it has ended. */
  readonly ended: Promise<readonly number[]>;
  readonly said: readonly number[];
  readonly stopAfter: (turns: number) => void;
}

const startWorker = (file: string, lane: number, turns: number): Worker => {
  const script = fileURLToPath(new URL('./worker-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@dsf/source', script, file, String(lane), String(turns)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const said: number[] = [];
  const errors: string[] = [];
  let limit = Number.POSITIVE_INFINITY;
  child.stderr.on('data', (chunk) => errors.push(String(chunk)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(Number(line));
    if (said.length >= limit) child.kill('SIGKILL');
  });
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    if (code !== 0 && code !== null) throw new Error(errors.join(''));
    return said;
  });
  return { ended, said, stopAfter: (most) => (limit = most) };
};

const lane = (source: number): { readonly phase: 'ingest'; readonly source: number; readonly lane: number } => ({
  phase: 'ingest',
  source,
  lane: 0,
});

describe('processes on one file', () => {
  it('may all open it first, at once', async () => {
    const file = folder.file('fresh.db');
    const said = await Promise.all([1, 2, 3, 4].map((number) => startWorker(file, number, 1).ended));
    expect(said).toEqual([[1], [1], [1], [1]]);
  });

  it('keep every commit and nothing else when they are killed, time after time', async () => {
    const file = folder.file('killed.db');
    let confirmed = 0;
    for (const turns of [1, 2, 5, 11, 3, 8]) {
      const worker = startWorker(file, 1, 1_000_000);
      worker.stopAfter(turns);
      confirmed = (await worker.ended).at(-1) ?? confirmed;

      const warehouse = await openSqliteWarehouse({ file });
      const { seq, positions } = await warehouse.loadLane(lane(1));
      const rows = await warehouse.committed.readRaw({ source: 1, partition: 0, from: 0, to: 1_000_000 }, 1_000_000);
      expect(seq).toBeGreaterThanOrEqual(confirmed);
      expect(positions.map(({ next }) => next)).toEqual([seq * 3]);
      expect(rows.map(({ offset }) => offset)).toEqual(Array.from({ length: seq * 3 }, (_, offset) => offset));
      await warehouse.close();
    }
  });

  it('take turns in one lane without losing or repeating one', async () => {
    const file = folder.file('contended.db');
    const said = (await Promise.all([1, 2, 3].map(() => startWorker(file, 7, 40).ended))).flat();
    expect(said.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
  });

  it('write lanes of their own side by side', async () => {
    const file = folder.file('side-by-side.db');
    await Promise.all([1, 2, 3].map((number) => startWorker(file, number, 60).ended));
    const warehouse = await openSqliteWarehouse({ file });
    for (const number of [1, 2, 3]) {
      expect((await warehouse.loadLane(lane(number))).seq).toBe(60);
      expect(await warehouse.committed.readRaw({ source: number, partition: 0, from: 0, to: 1_000 }, 1_000)).toHaveLength(180);
    }
    await warehouse.close();
  });
});
