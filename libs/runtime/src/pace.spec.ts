import { describe, expect, it } from 'vitest';
import { createPace, type Pace } from './pace.ts';

const open = () => createPace({ recordsMax: 1000, batchMsMax: 100 });
const sizes = (pace: Pace) => [pace.messagesMax(), pace.recordsMax()];
/** Each message a record, all in one transaction. */
const alike = (ms: number, records: number) => ({ ms, messages: records, done: { records, transactions: 1 } });

describe('the pace of a lane', () => {
  it('is everything that is allowed while batches are quick', () => {
    const pace = open();
    for (const ms of [0, 49, 50, 100]) pace.took(alike(ms, 1000));
    pace.took(alike(99, 1));
    expect(sizes(pace)).toEqual([1000, 1000]);
  });

  it('is in proportion less after a batch that took too long, and at least one', () => {
    const pace = open();
    pace.took(alike(400, 800));
    expect(sizes(pace)).toEqual([200, 200]);
    pace.took(alike(1_000_000, 200));
    expect(sizes(pace)).toEqual([1, 1]);
  });

  it('looks at messages and at the records of a transaction apart', () => {
    const pace = open();
    pace.took({ ms: 400, messages: 20, done: { records: 8000, transactions: 10 } });
    expect(sizes(pace)).toEqual([5, 1000]);
    pace.took({ ms: 4000, messages: 1, done: { records: 2000, transactions: 2 } });
    expect(sizes(pace)).toEqual([1, 50]);
    pace.took({ ms: 4000, messages: 1, done: { records: 0, transactions: 0 } });
    expect(sizes(pace)).toEqual([1, 50]);
  });

  it('learns nothing from a transaction that went on by no record, and is everything where time does not count', () => {
    const nothing = { ms: 50, messages: 1, done: { records: 0, transactions: 1 } };
    const pace = open();
    pace.took({ ...nothing, ms: 4000 });
    expect(sizes(pace)).toEqual([1, 1000]);
    const timeless = createPace({ recordsMax: 1000, batchMsMax: Number.POSITIVE_INFINITY });
    for (const attempt of [nothing, alike(0, 3), alike(1_000_000, 1000), { ...nothing, done: null }]) timeless.took(attempt);
    expect(sizes(timeless)).toEqual([1000, 1000]);
  });

  it('learns from attempts that failed after they had taken too long, and from no others', () => {
    const pace = open();
    pace.took({ ms: 99, messages: 800, done: null });
    expect(sizes(pace)).toEqual([1000, 1000]);
    pace.took({ ms: 400, messages: 800, done: null });
    expect(sizes(pace)).toEqual([200, 250]);
  });

  it('grows again only as far as quick batches say that it may', () => {
    const pace = open();
    pace.took(alike(1000, 1000));
    expect(sizes(pace)).toEqual([100, 100]);
    // As slow as before: ten take a tenth of the time.
    pace.took(alike(10, 10));
    expect(sizes(pace)).toEqual([100, 100]);
    pace.took(alike(10, 60));
    expect(sizes(pace)).toEqual([600, 600]);
    pace.took(alike(0, 600));
    expect(sizes(pace)).toEqual([1000, 1000]);
  });
});
