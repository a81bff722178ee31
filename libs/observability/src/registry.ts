import { collectDefaultMetrics, Registry } from 'prom-client';

/** A registry of its own for each process or test, with the metrics of Node.js itself: memory, event loop, garbage collection. */
export const createRegistry = (): Registry => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
};
