import { defineConfig } from 'vitest/config';

const conditions = ['@dsf/source', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ['apps/*/src/**/*.spec.ts', 'libs/*/src/**/*.spec.ts', 'libs/*/*/src/**/*.spec.ts', 'tools/**/*.spec.ts'], isolate: false },
});
