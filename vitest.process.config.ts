import { defineConfig, mergeConfig } from 'vitest/config';
import { compileCache } from './libs/testing/src/compile-cache.ts';
import base from './vitest.config.ts';

/** Suites that start the services as processes of their own: one after the other, with time to start and stop. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ['**/*.proc.spec.ts'],
      exclude: ['**/node_modules/**', '**/dist/**'],
      fileParallelism: false,
      // Of tests that say that they may: one for each core of a small machine.
      maxConcurrency: 2,
      // Seen by the processes that they start.
      env: compileCache,
      testTimeout: 600_000,
      hookTimeout: 300_000,
    },
  }),
);
