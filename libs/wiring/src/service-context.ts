import { observeWarehouse } from '@dsf/observability';
import type { Telemetry } from '@dsf/ports';
import type { RuntimeSettings, ServiceContext } from '@dsf/runtime';
import type { Installation } from './installation.ts';
import { systemRandom } from './system-clock.ts';
import { platformTools } from './tools.ts';

/** What a service is given from outside, out of an installation. */
export const serviceContext = (installation: Installation, settings: RuntimeSettings, telemetry: Telemetry): ServiceContext => ({
  metadata: installation.metadata,
  warehouse: observeWarehouse(installation.warehouse, { telemetry, tracer: installation.tracer }),
  internal: installation.internal,
  handover: installation.handover,
  transport: (kind, connection) => installation.transport(kind, connection),
  clock: installation.clock,
  tools: platformTools,
  measures: installation.measures,
  telemetry,
  tracer: installation.tracer,
  settings,
  random: systemRandom,
});
