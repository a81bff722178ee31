import { publishPhase } from '@dsf/phase-publish';
import type { Telemetry } from '@dsf/ports';
import { createPublishWork, readers, runService, topics, type RuntimeSettings, type ServiceDefinition } from '@dsf/runtime';
import { serviceContext, type Installation } from '@dsf/wiring';

/** dsf.summary in, documents out. */
export const publisher: ServiceDefinition = {
  phase: 'publish',
  // Output topics are made with the publications, when a lane adopts them.
  prepare: async () => undefined,
  async intakes(context) {
    const { settings } = await context.catalogs.current();
    const { internal: transport } = context;
    return [
      {
        name: topics.summary,
        source: topics.summary,
        topic: topics.summary,
        group: readers.summary,
        partitions: settings.lanes,
        transport,
        isInternal: true,
        workFor: ({ partition }, own) => createPublishWork(own, publishPhase, partition),
      },
    ];
  },
};

/** Runs the publisher until `stop` aborts and what was begun is finished. @throws Failure `fatal` when a person must act */
export const runPublisher = (
  installation: Installation,
  settings: RuntimeSettings,
  telemetry: Telemetry,
  stop: AbortSignal,
): Promise<void> => runService(serviceContext(installation, settings, telemetry), publisher, stop);
