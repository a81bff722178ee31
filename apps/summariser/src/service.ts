import { pointsPhase } from '@dsf/phase-points';
import { summarisePhase } from '@dsf/phase-summarise';
import type { Telemetry } from '@dsf/ports';
import { createSummariseWork, readers, runService, topics, type RuntimeSettings, type ServiceDefinition } from '@dsf/runtime';
import { serviceContext, type Installation } from '@dsf/wiring';

/** dsf.points in, summary rows, dsf.summary out. */
export const summariser: ServiceDefinition = {
  phase: 'summarise',
  async prepare({ catalogs, internal }) {
    const { settings } = await catalogs.current();
    await internal.ensureTopic(topics.summary, settings.lanes);
  },
  async intakes(context) {
    const { settings } = await context.catalogs.current();
    const { internal: transport } = context;
    return [
      {
        name: topics.points,
        source: topics.points,
        topic: topics.points,
        group: readers.points,
        partitions: settings.lanes,
        transport,
        isInternal: true,
        workFor: ({ partition }, own) =>
          createSummariseWork(own, { summarise: summarisePhase, points: pointsPhase }, { lane: partition, lanes: settings.lanes }),
      },
    ];
  },
};

/** Runs the summariser until `stop` aborts and what was begun is finished. @throws Failure `fatal` when a person must act */
export const runSummariser = (
  installation: Installation,
  settings: RuntimeSettings,
  telemetry: Telemetry,
  stop: AbortSignal,
): Promise<void> => runService(serviceContext(installation, settings, telemetry), summariser, stop);
