import { Failure } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { createJobs, type Send } from './jobs.ts';

const config = { project: 'p', dataset: 'dsf', location: 'EU', queryTimeoutMs: 1000, appendTimeoutMs: 1000 };
const jobReference = { jobId: 'j1', location: 'EU' };
const rows = (...cells: readonly unknown[]) => cells.map((v) => ({ f: [{ v }] }));

/** A service that gives these answers one after the other. */
const answering = (...answers: readonly (object | Error)[]) => {
  const left = [...answers];
  const asked: string[] = [];
  const send: Send = async <T>(method: string, uri: string, rest: { readonly json?: object; readonly qs?: object } = {}): Promise<T> => {
    asked.push(`${method} ${uri}${'pageToken' in (rest.qs ?? {}) ? ' page' : ''}`);
    const answer = left.shift() ?? {};
    if (answer instanceof Error) throw answer;
    return answer as T;
  };
  return { jobs: createJobs(config, send), asked };
};
const schema = { fields: [{ name: 'c', type: 'STRING' }] };
const quiet = { beat: () => undefined, page: () => undefined };

describe('a statement', () => {
  it('that takes longer than a request is waited for, and its pages are given one after the other, lists as JSON', async () => {
    const { jobs, asked } = answering(
      { jobComplete: false, jobReference },
      { jobComplete: false, jobReference },
      { jobComplete: true, jobReference, schema, rows: rows('a', null), pageToken: 'next', totalBytesProcessed: '4096' },
      { rows: rows([{ v: 'b' }]) },
    );
    const pages: unknown[] = [];
    let beats = 0;
    expect(await jobs.each('SELECT 1', { beat: () => void (beats += 1), page: (some) => void pages.push(some) })).toBe(4096);
    expect(pages).toEqual([[['a'], [null]], [['[{"v":"b"}]']]]);
    expect(asked).toEqual(['POST /queries', 'GET /queries/j1', 'GET /queries/j1', 'GET /queries/j1 page']);
    expect(beats).toBe(3);
  });

  it('is cancelled when nobody waits for it any more', async () => {
    const { jobs, asked } = answering({ jobComplete: false, jobReference });
    const beat = (): never => {
      throw new Failure('retry', 'service.stopping', 'stop');
    };
    await expect(jobs.each('SELECT 1', { ...quiet, beat })).rejects.toMatchObject({ code: 'service.stopping' });
    expect(asked).toEqual(['POST /queries', 'POST /jobs/j1/cancel']);
  });

  it('that fails while it is waited for says why, also when it cannot be cancelled', async () => {
    const { jobs } = answering(
      { jobComplete: false, jobReference },
      new Failure('fatal', 'warehouse.statement', 'overflow'),
      new Error('no such job'),
    );
    await expect(jobs.each('SELECT 1', quiet)).rejects.toMatchObject({ code: 'warehouse.statement', message: 'overflow' });
  });

  it('is read no further than it is wanted', async () => {
    const first = { jobComplete: true, jobReference, schema, rows: rows('a', 'b'), pageToken: 'next' };
    const { jobs, asked } = answering(first);
    expect(await jobs.run('SELECT 1', [], 2)).toMatchObject({ rows: [['a'], ['b']], columns: [{ name: 'c', type: 'STRING' }] });
    expect(asked).toEqual(['POST /queries']);
  });

  it('is tried without running it, for what it would scan', async () => {
    const { jobs, asked } = answering({ statistics: { totalBytesProcessed: '12345' } });
    expect(await jobs.estimate('SELECT 1')).toBe(12_345);
    expect(asked).toEqual(['POST /jobs']);
    const refused = answering({ status: { errorResult: { reason: 'invalidQuery', message: 'no' } } });
    await expect(refused.jobs.estimate('SELECT')).rejects.toMatchObject({ code: 'warehouse.statement' });
  });
});
