import { Failure } from '@dsf/ports';
import type { Attempt } from './work.ts';

/** How often a single record must fail with a data error before it is stored as a failure. */
const failsAloneMax = 2;

/**
 * How the attempts at one batch follow each other. A data error halves what one transaction takes, until the record that causes it stands
 * alone; when that fails alone, and again, it is refused and the rest goes on. A verdict is about the first record that the lane has not
 * had: once the lane has moved on, by us or by another, that is another record; and under another version of the definitions it may be well,
 * or fail with another reason. So a verdict is good for one attempt where it was found, by the version that it was found by.
 */
export interface Attempts {
  /**
   * @param seq - where the lane stands
   * @param version - of the definitions that the attempt decides by
   * @throws Failure `fatal` `lane.cannot-refuse` when the database took not even the refusal
   */
  next(seq: number, version: number): Attempt;
  /** The attempt ended with a data error. */
  failed(why: NonNullable<Attempt['refuse']>): void;
}

export const createAttempts = (recordsMax: number): Attempts => {
  let size = recordsMax;
  let stoodAt = -1;
  let decidedBy = -1;
  let failsAlone = 0;
  let verdict: Attempt['refuse'] = null;
  /** Whether the last attempt refused, and what became of that. */
  let refusal: 'none' | 'tried' | 'refused' = 'none';

  return {
    next(seq, version) {
      if (seq !== stoodAt || version !== decidedBy) [failsAlone, verdict, refusal] = [0, null, 'none'];
      [stoodAt, decidedBy] = [seq, version];
      if (refusal === 'refused')
        throw new Failure('fatal', 'lane.cannot-refuse', 'the database takes neither a record nor the failure that would stand for it');
      const refuse = verdict;
      verdict = null;
      refusal = refuse === null ? 'none' : 'tried';
      return { recordsMax: size, refuse };
    },
    failed(why) {
      if (size > 1) {
        size = Math.floor(size / 2);
      } else if (refusal === 'tried') {
        refusal = 'refused';
      } else {
        failsAlone += 1;
        verdict = failsAlone >= failsAloneMax ? why : null;
      }
    },
  };
};
