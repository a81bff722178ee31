import { flattenPhase } from '@dsf/phase-flatten';
import { pointsPhase } from '@dsf/phase-points';
import type { Telemetry } from '@dsf/ports';
import { createFlattenWork, readers, runService, topics, type RuntimeSettings, type ServiceDefinition } from '@dsf/runtime';
import { serviceContext, type Installation } from '@dsf/wiring';

/** dsf.raw in, root and child rows, dsf.points out. */
export const flattener: ServiceDefinition = {
  phase: 'flatten',
  async prepare({ catalogs, internal }) {
    const { settings } = await catalogs.current();
    await internal.ensureTopic(topics.points, settings.lanes);
  },
  async intakes(context) {
    const { settings } = await context.catalogs.current();
    const { internal: transport } = context;
    return [
      {
        name: topics.raw,
        source: topics.raw,
        topic: topics.raw,
        group: readers.raw,
        partitions: settings.lanes,
        transport,
        isInternal: true,
        workFor: ({ partition }, own) => createFlattenWork(own, { flatten: flattenPhase, points: pointsPhase }, partition),
      },
    ];
  },
};

/** Runs the flattener until `stop` aborts and what was begun is finished. @throws Failure `fatal` when a person must act */
export const runFlattener = (
  installation: Installation,
  settings: RuntimeSettings,
  telemetry: Telemetry,
  stop: AbortSignal,
): Promise<void> => runService(serviceContext(installation, settings, telemetry), flattener, stop);
