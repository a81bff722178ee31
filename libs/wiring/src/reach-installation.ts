import type { PhaseName, Telemetry } from '@dsf/ports';
import { withBackoff, type RuntimeSettings } from '@dsf/runtime';
import { openInstallation, type Installation, type InstallationOptions } from './installation.ts';
import { systemClock, systemRandom } from './system-clock.ts';

export interface Reaching {
  /** On whose behalf; what waits is told of it. */
  readonly phase: PhaseName;
  readonly settings: RuntimeSettings;
  readonly telemetry: Telemetry;
  readonly stop: AbortSignal;
}

/**
 * Opens an installation as soon as its database answers: a process that ended instead would only be started again, later each time.
 * @returns undefined when `stop` aborted before
 * @throws Failure `fatal`, as `openInstallation`: what waiting does not mend
 */
export const reachInstallation = (
  options: InstallationOptions,
  { phase, settings, telemetry, stop }: Reaching,
): Promise<Installation | undefined> =>
  withBackoff({ clock: systemClock, telemetry, settings, random: systemRandom, source: 'definitions', phase, lane: phase }, stop, () =>
    openInstallation(options),
  );
