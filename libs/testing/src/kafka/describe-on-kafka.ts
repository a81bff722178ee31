import { describe, expect, it } from 'vitest';

const skipAll = (why: string, name: string): void => {
  it(`Kafka: ${name}`, ({ skip }) => {
    expect(why).not.toBe('');
    skip(why);
  });
};

const runAll = (name: string, suites: () => void): void => {
  describe(`Kafka: ${name}`, () => {
    suites();
  });
};

/**
 * Suites on Apache Kafka. Where they cannot run, a single skipped test says why, instead of each of theirs.
 * @param why - as `whyNoKafka` or `whyNoOwnKafka` says it; null where they can run
 */
export const describeOnKafka = (why: string | null, name: string, suites: () => void): void => {
  if (why === null) runAll(name, suites);
  else skipAll(why, name);
};
