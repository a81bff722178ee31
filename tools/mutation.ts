import type { Deed } from '../libs/testing/src/simulator/index.ts';

/**
 * A guard of delivery, and the source text without it. The simulator must notice each of these; the product itself is never changed, only what
 * this process loads of it. A text that is no longer found is an error: the guard has moved, and its mutation must follow.
 */
export interface Mutation {
  readonly guard: string;
  readonly edits: readonly { readonly file: string; readonly find: string; readonly put: string }[];
  /** Rows are in a store of their own: only then does the guard have something to do. */
  readonly split?: boolean;
  /** Seeds within which it is noticed, with room to spare. */
  readonly seeds: number;
  /** Services share processes as the seed draws; default: each has its own, where most is seen. */
  readonly layout?: 'drawn';
  /** It is looked for with these deeds of operators and misfortune alone, where others hide it. */
  readonly deeds?: readonly Deed[];
  /** Why the simulator does not notice it: what else does the guard's work, or what it does not try. */
  readonly unnoticed?: string;
}

export const edit = (file: string, find: string, put: string) => ({ file: `/libs/runtime/src/${file}`, find, put });
