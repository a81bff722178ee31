import { buildCatalog } from '@dsf/metadata';
import type { PhaseName } from '@dsf/ports';
import { asFailure } from './backoff.ts';
import type { ServiceContext } from './service.ts';

/**
 * Carries out activations that people ask for with SQL. The summariser does it, because it alone must have the custom measures. What goes wrong is said,
 * and tried again with the next poll: definitions that cannot be read must not stop what runs under the last ones.
 */
export const activateAsked = async (
  { metadata, clock, measures, telemetry }: Pick<ServiceContext, 'metadata' | 'clock' | 'measures' | 'telemetry'>,
  phase: PhaseName,
): Promise<void> => {
  if (phase !== 'summarise' || metadata.activateAsked === undefined) return;
  const customMeasures = new Set(measures.keys());
  try {
    await metadata.activateAsked({
      now: clock.now(),
      check: (snapshot, version) => buildCatalog(snapshot, version, { customMeasures }),
    });
  } catch (error) {
    const { code, message } = asFailure(error);
    telemetry.emit({ name: 'reload-failed', phase, code, message });
  }
};
