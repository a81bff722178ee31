import { fileURLToPath } from 'node:url';

/**
 * Where processes that tests start keep what they compiled, as a variable of their environment: Node.js strips the types and compiles 300 files once
 * instead of each time, which halves the CPU that a start takes (1.5 s → 0.75 s).
 */
export const compileCache = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../../node_modules/.cache/dsf', import.meta.url)),
} as const;
