import { collectDefaultMetrics, Registry } from 'prom-client';

/** Gauges of prom-client whose names end as those of counters do; Prometheus' own linter refuses them. Their kinds are told by others. */
const misnamed = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total'];

/** A registry of its own for each process or test, with the metrics of Node.js itself: memory, event loop, garbage collection. */
export const createRegistry = (): Registry => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  return registry;
};
