import { describe, expect, it } from 'vitest';

interface Where {
  /** Why it is not there; null: it is. */
  readonly why: string | null;
  readonly concurrent?: boolean;
}

const skipAll = (title: string, why: string | null): void => {
  it.skipIf(true)(`${title}: ${why ?? ''}`, () => {
    expect(why).toBeNull();
  });
};

const runAll = (title: string, options: { readonly concurrent?: boolean }, suites: () => void): void => {
  describe.each([{ title }])('$title', options, () => {
    suites();
  });
};

/** Suites on what a machine may lack; without it a single skipped test that says why, instead of each of theirs. */
export const describeWhere = (title: string, { why, ...options }: Where, suites: () => void): void => {
  if (why === null) runAll(title, options, suites);
  else skipAll(title, why);
};
