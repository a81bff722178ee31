import { describe, expect, it } from 'vitest';

/** Suites on what a machine may lack; without it a single skipped test that says why, instead of each of theirs. */
export const describeWhere = (
  title: string,
  { why, ...options }: { readonly why: string | null; readonly concurrent?: boolean },
  suites: () => void,
): void => {
  if (why === null) describe(title, options, suites);
  else it.skipIf(true)(`${title}: ${why}`, () => expect(why).toBeNull());
};
