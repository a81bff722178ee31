import { resizeLanes } from '@dsf/runtime';
import { Command } from 'commander';
import { assertNothingPending, loadCurrent } from '../definitions/activate-definitions.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { jsonText } from '../json-text.ts';
import { parseLanes } from '../parse-option.ts';
import { withExisting, type Session } from '../session.ts';

/** How often it looks whether everything has come through, ms. */
const pollMs = 200;

export const topicsResizeCommand = (session: Session): Command =>
  new Command('resize')
    .summary('change the number of lanes, while everything runs')
    .description(
      'Changes `settings.lanes`: how many replicas can share the work of a phase. Flatten pauses until what it has committed has come through summarise and publish; then groups and positions move to their new lanes, and all go on. Sources are read meanwhile. The services must be running. Killed half-way, the same command goes on.',
    )
    .requiredOption('--lanes <number>', 'how many lanes there are to be', parseLanes)
    .option('--json', 'print what was done as JSON')
    .action(({ lanes, json = false }: { readonly lanes: number; readonly json?: boolean }) =>
      withExisting(session, async (installation) => {
        const current = await loadCurrent(installation);
        if (current === null)
          throw new CommandError(exitCodes.failure, 'nothing is defined yet', 'set `settings.lanes` and apply the definitions');
        const before = current.definitions.settings.lanes;
        await assertNothingPending(session, installation, current);
        const { warehouse, metadata, internal, clock } = installation;
        const waiting = (reason: string): void => void session.talk.line(`waits for ${reason}`);
        const done = await resizeLanes({ warehouse, metadata, internal, clock, waiting, pollMs }, lanes, session.drainOnSignal());
        if (!done) {
          throw new CommandError(
            exitCodes.unavailable,
            'the resize is not done: flatten is paused until it is',
            `go on with \`dsf topics resize --lanes ${lanes}\`; all four services must run`,
          );
        }
        if (json) return session.out.line(jsonText({ before, lanes }));
        await session.talk.line(
          before === lanes
            ? `there are ${lanes} lanes`
            : `there are ${lanes} lanes now, ${before} before: write it into your definitions, too`,
        );
      }),
    );
