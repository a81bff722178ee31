import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createTurns, turnsOf } from './turns.ts';

/** A thread that holds the turn until it is told to let go. */
const holder = async (turns: SharedArrayBuffer) => {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    const state = new Int32Array(workerData);
    Atomics.store(state, 0, 1);
    parentPort.postMessage('held');
    parentPort.once('message', () => {
      Atomics.store(state, 0, 0);
      Atomics.notify(state, 0);
    });`;
  const thread = new Worker(source, { eval: true, workerData: turns });
  await new Promise((resolve) => {
    thread.once('message', resolve);
  });
  return { letGo: () => thread.postMessage('let go'), ended: new Promise((resolve) => thread.once('exit', resolve)) };
};

describe('turns of threads', () => {
  it('are taken one at a time, in one thread too', async () => {
    const takeTurn = turnsOf(createTurns());
    const seen: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 2));
      seen.push(`${name} ends`);
    };
    await Promise.all([takeTurn(work('a')), takeTurn(work('b'))]);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('wake the thread that waits when another lets go', async () => {
    const turns = createTurns();
    const other = await holder(turns);
    let isOurs = false;
    const turn = turnsOf(turns)(async () => {
      isOurs = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isOurs).toBe(false);
    other.letGo();
    await turn;
    expect(isOurs).toBe(true);
    await other.ended;
  });

  it('are given back when the work fails', async () => {
    const takeTurn = turnsOf(createTurns());
    await expect(takeTurn(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(takeTurn(async () => undefined)).resolves.toBeUndefined();
  });
});
