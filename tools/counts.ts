/** What one suite or check reports; the sum over all of them is the last line of `npm test`. */
export interface Counts {
  readonly passed: number;
  /** Names of what failed: tests, files that did not load, errors outside of any test. */
  readonly failed: readonly string[];
  /** Names of what was skipped, with the reason where the suite gives one. */
  readonly skipped: readonly string[];
}

export const none: Counts = { passed: 0, failed: [], skipped: [] };

export const add = (left: Counts, right: Counts): Counts => ({
  passed: left.passed + right.passed,
  failed: [...left.failed, ...right.failed],
  skipped: [...left.skipped, ...right.skipped],
});

export const line = ({ passed, failed, skipped }: Counts): string => `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
