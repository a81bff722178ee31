/** A vitest reporter that writes the Counts of a run to the file named by COUNTS_FILE, also when a file failed to load. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';
import { add, none } from './counts.ts';
import type { Counts } from './counts.ts';

const ofTest = (test: TestCase): Counts => {
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  const result = test.result();
  if (result.state === 'passed') return { ...none, passed: 1 };
  if (result.state === 'skipped') return { ...none, skipped: [result.note === undefined ? name : `${name} (${result.note})`] };
  return { ...none, failed: [name] };
};

/** A file, or a describe block in it, can fail without any test in it having run: that counts as one failure. */
const ofModule = (module: TestModule): Counts => {
  const blocks = [...module.children.allSuites()].filter((suite) => suite.errors().length > 0);
  const broken = [...(module.errors().length > 0 ? [module.relativeModuleId] : []), ...blocks.map((suite) => suite.fullName)];
  return [...module.children.allTests()].map(ofTest).reduce(add, { ...none, failed: broken });
};

export const countsOf = (modules: readonly TestModule[], errors: readonly SerializedError[]): Counts =>
  modules.map(ofModule).reduce(add, { ...none, failed: errors.map(({ message }) => `error outside of the tests: ${message}`) });

export default class CountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env['COUNTS_FILE'];
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(countsOf(modules, errors)));
  }
}
