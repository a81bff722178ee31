import { Failure, phaseNames, type PhaseName } from '@dsf/ports';
import type { HealthServing, Installation } from '@dsf/wiring';
import { Command, InvalidArgumentError } from 'commander';
import { CommandError, exitCodeFor, exitCodes } from '../exit-codes.ts';
import { jsonText } from '../json-text.ts';
import { parsePort, parseWorkers } from '../parse-option.ts';
import { withExisting, type Session } from '../session.ts';

interface RunCommandOptions {
  readonly untilIdle?: boolean;
  readonly phases: readonly PhaseName[];
  readonly workers?: number;
  readonly httpPort?: number;
  readonly json?: boolean;
}

const isPhase = (word: string): word is PhaseName => (phaseNames as readonly string[]).includes(word);

const parsePhases = (text: string): readonly PhaseName[] => {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !isPhase(word));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is no phase; the phases are ${phaseNames.join(', ')}.`);
  return phaseNames.filter((phase) => words.includes(phase));
};

const assertDefined = async (session: Session, { metadata }: Installation, waits: boolean): Promise<void> => {
  if ((await metadata.currentVersion()) > 0) return;
  if (waits) return session.talk.line('waiting: nothing is defined yet; the phases begin when `dsf apply <path>` has been called');
  throw new CommandError(
    exitCodes.failure,
    'nothing is defined yet, so there is nothing to run',
    'define sources and drivers with `dsf apply <path>`; `dsf init <folder>` writes an example',
  );
};

const run = async (session: Session, options: RunCommandOptions, health: HealthServing | null): Promise<void> => {
  const { untilIdle = false, phases, workers, json = false } = options;
  const [{ runPhases }, { accountLines, accountOf, withNextSteps }, { patiently }] = await Promise.all([
    import('../running/run-phases.ts'),
    import('../running/account.ts'),
    import('../running/serve-health.ts'),
  ]);
  // As a service: whoever watches it over HTTP sees what it waits for. A person at a terminal is told at once, and so is a script that waits for the end.
  const waits = health !== null && !untilIdle;
  const work = async (installation: Installation): Promise<void> => {
    await assertDefined(session, installation, waits);
    const running = { phases, health, untilIdle, ...(workers === undefined ? {} : { workers }) };
    const { counter, ended, failure } = await runPhases(session, installation, running);
    const giveAccount = async (): Promise<void> => {
      for (const line of withNextSteps(await accountLines(installation, counter, phases), [], session.talk)) await session.talk.line(line);
      if (json) await session.out.line(jsonText(await accountOf(installation, counter, { phases, ended })));
    };
    await giveAccount().catch(async (error: unknown) => {
      // The work has ended as it was asked to: that a cluster cannot say now what waits there is no failure of it.
      if (ended !== 'asked' || !(error instanceof Failure) || error.kind !== 'retry') throw error;
      await session.talk.line(`what waits is not known, so there is no account: ${error.message} (${error.code})`);
    });
    if (ended === 'stopped')
      throw new CommandError(
        exitCodeFor(failure?.code ?? counter.stopCode(), exitCodes.stopped),
        failure === null ? 'a source has stopped, see above' : `${failure.message} (${failure.code})`,
        'mend the cause and run it again; it goes on where it stopped',
      );
  };
  await withExisting(session, work, waits ? patiently(session, health, phases[0] ?? 'ingest') : undefined);
};

export const runCommand = (session: Session): Command =>
  new Command('run')
    .summary('run the pipeline in this process')
    .description(
      'Runs all phases in this process and shows how far they have come. Ctrl-C finishes what was begun and ends; a second Ctrl-C ends at once. With a port it waits for its database and for first definitions, as a service does.',
    )
    .option('--until-idle', 'end when everything that was sent has come through')
    .option('--phases <list>', 'phases to run, joined by commas', parsePhases, phaseNames)
    .option('--workers <number>', 'threads, each with all the phases and its share of the lanes (DSF_WORKERS)', parseWorkers)
    .option('--http-port <port>', 'serve /startup, /live, /ready and /metrics there; 0 takes any port that is free', parsePort)
    .option('--json', 'print the account as JSON when it ends')
    .action(async (options: RunCommandOptions) => {
      const config = session.config();
      if (options.httpPort === undefined && !session.wantsHttp) return run(session, options, null);
      const stop = session.drainOnSignal();
      const { serveHealth } = await import('../running/serve-health.ts');
      const health = await serveHealth(options.phases, { port: options.httpPort ?? config.httpPort, host: config.httpHost });
      try {
        await session.talk.line(`/startup, /live, /ready and /metrics at ${health.url}`);
        await run(session, options, health);
      } catch (error) {
        // Asked to end before there was anything to finish.
        if (error !== stop.reason) throw error;
      } finally {
        await health.close();
      }
    });
