import { phaseNames } from '@dsf/ports';
import type { PhaseCounter } from '../running/phase-counts.ts';
import type { Installation } from '@dsf/wiring';
import { Command } from 'commander';
import { counted } from '../counted.ts';
import { activateDefinitions } from '../definitions/activate-definitions.ts';
import { readFiles } from '../definitions/read-files.ts';
import { exampleFolder } from '../example-folder.ts';
import { CommandError, exitCodeFor, exitCodes } from '../exit-codes.ts';
import { findTopic } from '../find-topic.ts';
import { loadCatalog, shownPath, withInstallation, type Session } from '../session.ts';

const source = 'github.events';

/** Slow enough to be watched, in batches so large that commits to disk do not set the pace. */
const livePace = { batch: 33, pauseMs: 120 };
const fullPace = { batch: 100, pauseMs: 0 };

/** Defines the pipeline where nothing is defined. What somebody has changed since stays in force. */
const ensureDefined = async (session: Session, installation: Installation): Promise<void> => {
  const { version, sources } = await loadCatalog(installation);
  if (version === 0) {
    const files = await readFiles(session, [exampleFolder('github')]);
    const { changes } = await activateDefinitions(session, installation, { files, comment: 'dsf demo', warn: true, json: false });
    const count = (subject: string): number => changes.filter((change) => change.subject === subject).length;
    const parts = [counted(count('source'), 'source'), counted(count('driver'), 'driver'), counted(count('publication'), 'publication')];
    return session.talk.line(`defined out of examples/github: ${parts.join(', ')}`);
  }
  if (sources.some(({ definition, retired }) => !retired && definition.name === source)) return;
  throw new CommandError(
    exitCodes.failure,
    `the installation in ${shownPath(session.home)} has other definitions`,
    'set DSF_HOME to another folder for the demonstration',
  );
};

const nextCommands = ({ home }: Session): readonly string[] => {
  const place = shownPath(home) === './.dsf' ? '' : `DSF_HOME=${shownPath(home)} `;
  return [
    `${place}npx dsf query "SELECT repository, events, kinds, last_event FROM repository_activity ORDER BY events DESC LIMIT 5"`,
    `${place}npx dsf consume github.repositories --from-beginning --until-end`,
    `${place}npx dsf status`,
  ];
};

const demo = async (session: Session, installation: Installation, untilIdle: boolean): Promise<void> => {
  const [{ runPhases }, { accountLines, withNextSteps }, { githubDeliveries }, { sendDeliveries }] = await Promise.all([
    import('../running/run-phases.ts'),
    import('../running/account.ts'),
    import('../demo/github-deliveries.ts'),
    import('../demo/send-deliveries.ts'),
  ]);
  await session.talk.line(
    `${session.talk.paint.bold('dsf demo')}: GitHub's webhooks through ingest, flatten, summarise and publish; everything is in ${shownPath(session.home)}`,
  );
  await ensureDefined(session, installation);
  const target = await findTopic(installation, await loadCatalog(installation), source);
  const next = nextCommands(session);
  const account = async (counter: PhaseCounter): Promise<readonly string[]> =>
    withNextSteps(await accountLines(installation, counter, phaseNames), next, session.talk);
  let told = false;
  const { counter, ended, failure } = await runPhases(session, installation, {
    phases: phaseNames,
    health: null,
    untilIdle,
    async beside(stop, say) {
      const pace = untilIdle ? fullPace : livePace;
      const { sent, there } = await sendDeliveries(target, githubDeliveries(), { clock: installation.clock, stop, pace });
      say(`sent ${counted(sent, 'webhook')} to ${target.topic}${there > 0 ? `; ${counted(there, 'other')} had been sent before` : ''}`);
    },
    ...(untilIdle
      ? {}
      : {
          onIdle: async (say, counter) => {
            for (const line of [...(await account(counter)), '', 'still running; Ctrl-C ends it']) say(line);
            told = true;
          },
        }),
  });
  if (!told) for (const line of await account(counter)) await session.talk.line(line);
  if (ended === 'stopped')
    throw new CommandError(
      exitCodeFor(failure?.code ?? counter.stopCode(), exitCodes.stopped),
      failure === null ? 'a source has stopped, see above' : `${failure.message} (${failure.code})`,
      'run it again when the cause is mended; it goes on where it stopped',
    );
};

export const demoCommand = (session: Session): Command =>
  new Command('demo')
    .summary('watch a whole pipeline work on real data')
    .description(
      'Defines the pipeline of examples/github, replays real GitHub webhooks into it and runs all phases. Run again, it sends nothing twice.',
    )
    .option('--until-idle', 'end when everything is published')
    .action(async ({ untilIdle = false }: { readonly untilIdle?: boolean }) => {
      const { lockDemo } = await import('../demo/demo-lock.ts');
      const unlock = lockDemo(session.home);
      try {
        await withInstallation(session, (installation) => demo(session, installation, untilIdle));
      } finally {
        unlock();
      }
    });
