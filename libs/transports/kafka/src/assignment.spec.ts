import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharePartitions, type Applicant } from './assignment.ts';

const sharesOf = (applicants: readonly Applicant[], count: number) => Object.fromEntries(sharePartitions(applicants, count));

describe('sharing partitions', () => {
  it('gives all to the only member', () => {
    expect(sharesOf([{ member: 'a', owned: [] }], 3)).toEqual({ a: [0, 1, 2] });
  });

  it('takes no more from a member than a newcomer needs', () => {
    const shares = sharesOf(
      [
        { member: 'a', owned: [0, 1, 2, 3, 4] },
        { member: 'b', owned: [] },
      ],
      5,
    );
    expect(shares).toEqual({ a: [0, 1, 2], b: [3, 4] });
  });

  it('gives what a member left behind to the others, who keep theirs', () => {
    const shares = sharesOf(
      [
        { member: 'a', owned: [0, 3] },
        { member: 'b', owned: [1] },
      ],
      4,
    );
    expect(shares).toEqual({ a: [0, 3], b: [1, 2] });
  });

  it('leaves a member without work when there are more members than partitions', () => {
    const shares = sharesOf(
      [
        { member: 'a', owned: [] },
        { member: 'b', owned: [0] },
      ],
      1,
    );
    expect(shares).toEqual({ a: [], b: [0] });
  });

  it('LAW: each partition goes to one member, the shares differ by one at most, in whatever order the members come', () => {
    const applicants = fc.uniqueArray(
      fc.record({
        member: fc.string({ minLength: 1, maxLength: 6 }),
        owned: fc.array(fc.integer({ min: -2, max: 40 }), { maxLength: 12 }),
      }),
      { selector: ({ member }) => member, minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(applicants, fc.integer({ min: 0, max: 33 }), (members, count) => {
        const shares = sharePartitions(members, count);
        expect([...shares.values()].flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
        const sizes = [...shares.values()].map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(sharePartitions(members.toReversed(), count)).toEqual(shares);
      }),
    );
  });

  it('LAW: nothing moves when nobody comes or goes', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 33 }),
        (names, count) => {
          const before = sharePartitions(
            names.map((member) => ({ member, owned: [] })),
            count,
          );
          const again = sharePartitions(
            [...before].map(([member, owned]) => ({ member, owned })),
            count,
          );
          expect(Object.fromEntries(again)).toEqual(Object.fromEntries(before));
        },
      ),
    );
  });
});
