import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

const open = () => createPace({ recordsMax: 1000, batchMsMax: 100 });

describe('the pace of a lane', () => {
  it('is everything that is allowed while batches are quick', () => {
    const pace = open();
    for (const ms of [0, 49, 50, 100]) pace.took({ ms, messages: 1000, transactions: 1 });
    expect([pace.messagesMax(), pace.recordsMax()]).toEqual([1000, 1000]);
  });

  it('is in proportion less after a batch that took too long, and at least one message', () => {
    const pace = open();
    pace.took({ ms: 400, messages: 800, transactions: 1 });
    expect([pace.messagesMax(), pace.recordsMax()]).toEqual([200, 250]);
    pace.took({ ms: 1_000_000, messages: 200, transactions: 1 });
    expect([pace.messagesMax(), pace.recordsMax()]).toEqual([1, 1]);
  });

  it('leaves transactions as they are that were quick, however long many of them took', () => {
    const pace = open();
    pace.took({ ms: 400, messages: 20, transactions: 10 });
    expect([pace.messagesMax(), pace.recordsMax()]).toEqual([5, 1000]);
    pace.took({ ms: 400, messages: 4, transactions: 0 });
    expect([pace.messagesMax(), pace.recordsMax()]).toEqual([1, 1000]);
  });

  it('stays where a batch takes nearly as long as it may, and doubles where it takes less than half', () => {
    const pace = open();
    pace.took({ ms: 1000, messages: 1000, transactions: 1 });
    pace.took({ ms: 80, messages: 100, transactions: 1 });
    expect([pace.messagesMax(), pace.recordsMax()]).toEqual([100, 100]);
    const sizes = Array.from({ length: 5 }, () => {
      pace.took({ ms: 10, messages: 3, transactions: 1 });
      return pace.messagesMax();
    });
    expect(sizes).toEqual([200, 400, 800, 1000, 1000]);
    expect(pace.recordsMax()).toBe(1000);
  });
});
