import { createLogger, fanOut } from '@dsf/observability';
import { Failure, type PhaseName, type Telemetry } from '@dsf/ports';
import { reachInstallation, serveHealth as serve, type HealthServing, type Installation, type InstallationOptions } from '@dsf/wiring';
import { CommandError, exitCodes } from '../exit-codes.ts';
import type { Session } from '../session.ts';

interface Address {
  readonly port: number;
  readonly host: string;
}

/** Serves /startup, /live, /ready and /metrics for the phases of this process. @throws CommandError when the port cannot be had */
export const serveHealth = async (phases: readonly PhaseName[], { port, host }: Address): Promise<HealthServing> => {
  try {
    // What happens is shown as progress; the log would only write between its lines.
    return await serve({ phases, logger: createLogger({ level: 'silent', service: 'dsf' }), port, host });
  } catch (error) {
    const reason = error instanceof Failure ? error.message : String(error);
    throw new CommandError(exitCodes.failure, `port ${port}: ${reason}`, 'choose another with --http-port; 0 takes any that is free');
  }
};

/** Says once what is waited for; the log, which says it each time, is off. */
const sayingOnce = (session: Session): Telemetry => {
  const said = new Set<string>();
  return {
    emit(event) {
      if (event.name !== 'retry' || said.has(event.code)) return;
      said.add(event.code);
      void session.talk.line(`waiting: ${event.message} (${event.code}); it is tried again until it works`);
    },
  };
};

/**
 * For `withExisting`: waits for the database, and says so, as a service does that somebody watches over HTTP.
 * @throws the reason of `session.drainOnSignal()` when it is asked to end before
 */
export const patiently =
  (session: Session, { telemetry }: HealthServing, phase: PhaseName) =>
  async (options: InstallationOptions): Promise<Installation> => {
    const stop = session.drainOnSignal();
    const reaching = { phase, settings: session.config(), telemetry: fanOut([telemetry, sayingOnce(session)]), stop };
    const installation = await reachInstallation(options, reaching);
    if (installation === undefined) throw stop.reason;
    return installation;
  };
