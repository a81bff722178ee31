import { expect, it } from 'vitest';
import { createSnapshotReads } from './snapshot-reads.ts';
import { failureOf } from './verdict.ts';

const refusal = failureOf(
  Object.assign(new Error('snapshot isolation is not allowed'), { code: 'EREQUEST', number: 3952, class: 16 }),
  {},
) as Error;

it('asks once whether the database allows snapshots, and again when it has refused one', async () => {
  const done: string[] = [];
  let allows = true;
  const read = createSnapshotReads<string>({
    allowed: async () => {
      done.push('asked');
      return allows;
    },
    onSnapshot: (work) => (allows ? work('snapshot') : Promise.reject(refusal)),
    plainly: (work) => work('plain'),
  });
  const note = (how: string): Promise<number> => Promise.resolve(done.push(how));
  await read(note);
  await read(note);
  allows = false;
  await expect(read(note)).rejects.toMatchObject({ kind: 'retry', code: 'warehouse.snapshot-refused' });
  await read(note);
  await read(note);
  expect(done).toEqual(['asked', 'snapshot', 'snapshot', 'asked', 'plain', 'plain']);
});
