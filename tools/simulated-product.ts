import type { Product, RunService } from '../libs/testing/src/simulator/index.ts';

/** The real services, as the simulator takes them. */
export const simulatedProduct = async (): Promise<Product> => {
  const { createHandover, openSplitWarehouse, recoverLanes, resizeLanes, runService } = await import('@dsf/runtime');
  const { ingestor } = await import('@dsf/ingestor');
  const { flattener } = await import('@dsf/flattener');
  const { summariser } = await import('@dsf/summariser');
  const { publisher } = await import('@dsf/publisher');
  type Handover = ReturnType<typeof createHandover>;
  const handovers = new WeakMap<object, Handover>();
  const handoverOf = (process: object): Handover => {
    const handover = handovers.get(process) ?? createHandover();
    handovers.set(process, handover);
    return handover;
  };
  const run =
    (definition: typeof ingestor): RunService =>
    ({ process, offers, settings: drawn, ...context }, stop) => {
      // Sizes are drawn, and time is not spent on work.
      const settings = { ...drawn, batchMsMax: Number.POSITIVE_INFINITY };
      const handover = handoverOf(process);
      const give: Handover['give'] = (hop, ranges, byTopic, giving) => {
        if (handover.reads(hop.topic))
          offers(
            hop.topic,
            ranges.map(({ lane, range }) => ({ partition: lane, key: null, headers: [], body: hop.encode(range) })),
          );
        return handover.give(hop, ranges, byTopic, giving);
      };
      return runService({ ...context, settings, handover: { ...handover, give } }, definition, stop);
    };
  return {
    resize: (context, lanes, signal) => resizeLanes({ ...context, waiting: () => undefined, pollMs: 50 }, lanes, signal),
    recover: recoverLanes,
    split: openSplitWarehouse,
    ingest: run(ingestor),
    flatten: run(flattener),
    summarise: run(summariser),
    publish: run(publisher),
  };
};
