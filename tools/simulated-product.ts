import type { Product } from '../libs/testing/src/simulator/index.ts';

/** The real services, as the simulator takes them. */
export const simulatedProduct = async (): Promise<Product> => {
  const { createHandover, recoverLanes, resizeLanes, runService } = await import('@dsf/runtime');
  const { ingestor } = await import('@dsf/ingestor');
  const { flattener } = await import('@dsf/flattener');
  const { summariser } = await import('@dsf/summariser');
  const { publisher } = await import('@dsf/publisher');
  return {
    resize: (context, lanes, signal) => resizeLanes({ ...context, waiting: () => undefined, pollMs: 50 }, lanes, signal),
    recover: recoverLanes,
    ingest: (context, stop) => runService({ ...context, handover: createHandover() }, ingestor, stop),
    flatten: (context, stop) => runService({ ...context, handover: createHandover() }, flattener, stop),
    summarise: (context, stop) => runService({ ...context, handover: createHandover() }, summariser, stop),
    publish: (context, stop) => runService({ ...context, handover: createHandover() }, publisher, stop),
  };
};
