import { defineConfig } from 'vitest/config';

const conditions = ['@dsf/source', 'node', 'development|production'];
const folders = ['apps/*/src', 'libs/*/src', 'libs/*/*/src', 'tools'];

/** Unit, property and contract suites, beside the code. Those that start processes are in vitest.process.config.ts. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: folders.map((folder) => `${folder}/**/*.spec.ts`),
    exclude: ['**/*.proc.spec.ts', '**/node_modules/**'],
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
