import { rawLane } from '@dsf/messages';
import { ingestPhase } from '@dsf/phase-ingest';
import type { Telemetry } from '@dsf/ports';
import { createIngestWork, runService, topics, type Intake, type RuntimeSettings, type ServiceDefinition } from '@dsf/runtime';
import { serviceContext, type Installation } from '@dsf/wiring';

/** Source topics in, raw rows, dsf.raw out. One intake per source. */
export const ingestor: ServiceDefinition = {
  phase: 'ingest',
  async prepare({ catalogs, internal }) {
    const { settings } = await catalogs.current();
    await internal.ensureTopic(topics.raw, settings.lanes);
  },
  async intakes(context) {
    const { sources, settings } = await context.catalogs.current();
    const intakes = sources
      .filter(({ retired }) => !retired)
      .map(async (source): Promise<Intake> => {
        const { name, partitions } = source.definition;
        const transport = await context.transport(source.definition.transport, source.connection);
        return {
          name: `${name} (${source.topic})`,
          source: name,
          topic: source.topic,
          group: `dsf.ingest.${name}`,
          // A topic on a cluster has as many as it has, and all are read.
          partitions: source.connection === undefined || transport.capabilities.offsets === 'assigned' ? partitions : 1,
          transport,
          isInternal: false,
          beside: rawLane({ source: source.id, partition: 0 }, settings.lanes),
          workFor: ({ partition }, own) => createIngestWork(own, ingestPhase, { source, transport, partition }),
        };
      });
    return Promise.all(intakes);
  },
};

/** Runs the ingestor until `stop` aborts and what was begun is finished. @throws Failure `fatal` when a person must act */
export const runIngestor = (
  installation: Installation,
  settings: RuntimeSettings,
  telemetry: Telemetry,
  stop: AbortSignal,
): Promise<void> => runService(serviceContext(installation, settings, telemetry), ingestor, stop);
