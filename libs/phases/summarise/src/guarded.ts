import type { Value } from '@dsf/messages';
import { Failure, type Measure } from '@dsf/ports';
import { refusePoint } from './measure.ts';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** `{ broken: <why> }` takes the place of a state that could not be combined; it stays, whatever it is combined with. */
const brokenBy = (why: string): Value => ({ m: { broken: why } });
const whyBroken = (state: Value): string | null => {
  if (typeof state !== 'object' || state === null || !('m' in state)) return null;
  const why = Object.hasOwn(state.m, 'broken') ? state.m['broken'] : null;
  return typeof why === 'string' ? why : null;
};

/**
 * Keeps the errors of somebody else's code where they belong: one that `lift` throws refuses its point, one that `combine` or `lower` throws
 * fails the group.
 */
export const guarded = (name: string, measure: Measure): Measure => {
  const attempt = (work: () => Value): Value => {
    try {
      return work();
    } catch (error) {
      return refusePoint(
        error instanceof Failure && error.code.startsWith('summarise.') ? (error.code as `summarise.${string}`) : 'summarise.measure',
        `${name}: ${messageOf(error)}`,
      );
    }
  };
  const boxed = (state: Value): Value => ({ l: [state] });
  const unboxed = (state: Value): Value => (typeof state === 'object' && state !== null && 'l' in state ? (state.l[0] ?? null) : null);
  return {
    zero: boxed(measure.zero),
    lift: (amount, at) => attempt(() => boxed(measure.lift(amount, at))),
    combine: (left, right) => {
      if (whyBroken(left) !== null) return left;
      if (whyBroken(right) !== null) return right;
      try {
        return boxed(measure.combine(unboxed(left), unboxed(right)));
      } catch (error) {
        return brokenBy(messageOf(error));
      }
    },
    lower: (state) => {
      const why = whyBroken(state);
      return why === null ? attempt(() => measure.lower(unboxed(state))) : refusePoint('summarise.measure', `${name}: ${why}`);
    },
  };
};
