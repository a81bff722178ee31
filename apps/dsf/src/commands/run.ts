import { phaseNames, type PhaseName } from '@dsf/ports';
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

export const runCommand = (session: Session): Command =>
  new Command('run')
    .summary('run the pipeline in this process')
    .description(
      'Runs all phases in this process and shows how far they have come. Ctrl-C finishes what was begun and ends; a second Ctrl-C ends at once.',
    )
    .option('--until-idle', 'end when everything that was sent has come through')
    .option('--phases <list>', 'phases to run, joined by commas', parsePhases, phaseNames)
    .option('--workers <number>', 'threads, each with all the phases and its share of the lanes (DSF_WORKERS)', parseWorkers)
    .option('--http-port <port>', 'serve /startup, /live, /ready and /metrics there; 0 takes any port that is free', parsePort)
    .option('--json', 'print the account as JSON when it ends')
    .action(async ({ untilIdle = false, phases, workers, httpPort, json = false }: RunCommandOptions) => {
      const config = session.config();
      const http = httpPort === undefined && !session.wantsHttp ? null : { port: httpPort ?? config.httpPort, host: config.httpHost };
      const [{ runPhases }, { accountLines, accountOf, withNextSteps }] = await Promise.all([
        import('../running/run-phases.ts'),
        import('../running/account.ts'),
      ]);
      await withExisting(session, async (installation) => {
        if ((await installation.metadata.currentVersion()) === 0) {
          throw new CommandError(
            exitCodes.failure,
            'nothing is defined yet, so there is nothing to run',
            'define sources and drivers with `dsf apply <path>`; `dsf init <folder>` writes an example',
          );
        }
        const { counter, ended, failure } = await runPhases(session, installation, {
          phases,
          http,
          untilIdle,
          ...(workers === undefined ? {} : { workers }),
        });
        for (const line of withNextSteps(await accountLines(installation, counter, phases), [], session.talk))
          await session.talk.line(line);
        if (json) await session.out.line(jsonText(await accountOf(installation, counter, { phases, ended })));
        if (ended === 'stopped')
          throw new CommandError(
            exitCodeFor(failure?.code ?? counter.stopCode(), exitCodes.stopped),
            failure === null ? 'a source has stopped, see above' : `${failure.message} (${failure.code})`,
            'mend the cause and run it again; it goes on where it stopped',
          );
      });
    });
