import type { Failure } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { createAttempts, type Attempts } from './attempts.ts';

const why = { code: 'warehouse.data', detail: 'the database refuses the value' };

/** Fails at the same place so many times. */
const failing = (attempts: Attempts, seq: number, times: number): void => {
  for (let time = 0; time < times; time += 1) {
    attempts.next(seq, 1);
    attempts.failed(why);
  }
};

describe('attempts at a batch', () => {
  it('halve what one transaction takes until a record stands alone', () => {
    const attempts = createAttempts(9);
    const sizes = Array.from({ length: 5 }, () => {
      const { recordsMax } = attempts.next(1, 1);
      attempts.failed(why);
      return recordsMax;
    });
    expect(sizes).toEqual([9, 4, 2, 1, 1]);
  });

  it('refuse a record that fails alone, and again', () => {
    const attempts = createAttempts(2);
    failing(attempts, 1, 2);
    expect(attempts.next(1, 1)).toEqual({ recordsMax: 1, refuse: null });
    attempts.failed(why);
    expect(attempts.next(1, 1)).toEqual({ recordsMax: 1, refuse: why });
  });

  it('do not carry a verdict over to the record that comes next', () => {
    const attempts = createAttempts(1);
    failing(attempts, 1, 2);
    expect(attempts.next(2, 1).refuse).toBeNull();
  });

  it('count a record anew when the lane has moved, so that two records that fail once each are not taken for one', () => {
    const attempts = createAttempts(1);
    failing(attempts, 1, 1);
    failing(attempts, 2, 1);
    expect(attempts.next(2, 1).refuse).toBeNull();
  });

  it('judge a record anew by another version of the definitions: by that one it may be well', () => {
    const attempts = createAttempts(1);
    failing(attempts, 1, 2);
    expect(attempts.next(1, 2).refuse).toBeNull();
    attempts.failed(why);
    expect(attempts.next(1, 2).refuse).toBeNull();
    attempts.failed(why);
    expect(attempts.next(1, 2).refuse).toEqual(why);
  });

  it('try a refusal once: when its commit is in doubt the record is judged again', () => {
    const attempts = createAttempts(1);
    failing(attempts, 1, 2);
    expect(attempts.next(1, 1).refuse).toEqual(why);
    expect(attempts.next(1, 1).refuse).toBeNull();
  });

  it('stop the lane, rather than spin, when the database does not take the refusal either', () => {
    const attempts = createAttempts(1);
    failing(attempts, 1, 3);
    expect(() => attempts.next(1, 1)).toThrow(expect.objectContaining({ kind: 'fatal', code: 'lane.cannot-refuse' }) as Failure);
  });

  it('go on after a refusal that was taken, though a later record of the same attempt fails', () => {
    const attempts = createAttempts(1);
    failing(attempts, 1, 3);
    expect(attempts.next(2, 1)).toEqual({ recordsMax: 1, refuse: null });
  });
});
