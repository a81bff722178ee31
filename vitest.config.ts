import { defineConfig } from 'vitest/config';

const conditions = ['@dsf/source', 'node', 'development|production'];

/** Unit, property and contract suites, beside the code. Those that start processes are in vitest.process.config.ts, those that take minutes in vitest.long.config.ts. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // From the folder that --dir names: nx runs one package at a time.
    include: ['**/*.spec.ts'],
    exclude: ['**/*.proc.spec.ts', '**/*.long.spec.ts', '**/node_modules/**', '**/dist/**'],
    setupFiles: [new URL('tools/property-seed.ts', import.meta.url).pathname],
    isolate: false,
    // A machine that is ten times slower is no fault: nothing is measured by them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
