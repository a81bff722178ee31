import { Command } from 'commander';
import { jsonText } from '../json-text.ts';
import { withExisting, type Session } from '../session.ts';
import { tableText } from '../table.ts';

export const versionsCommand = (session: Session): Command =>
  new Command('versions')
    .alias('history')
    .summary('list the versions of the definitions')
    .description('Lists every version of the definitions that was ever in force, newest first.')
    .option('--json', 'print one JSON object per line')
    .action(({ json = false }: { readonly json?: boolean }) =>
      withExisting(session, async ({ metadata }) => {
        const versions = (await metadata.history()).toReversed();
        const current = await metadata.currentVersion();
        if (json) {
          for (const { version, activatedAt, comment } of versions) {
            await session.out.line(
              jsonText({ version, activated_at: new Date(activatedAt).toISOString(), comment, in_force: version === current }),
            );
          }
          return;
        }
        if (versions.length === 0) return session.talk.line('no version yet: `dsf apply <path>` makes the first');
        const rows = versions.map(({ version, activatedAt, comment }) => [
          version,
          new Date(activatedAt).toISOString(),
          version === current ? 'in force' : '',
          comment,
        ]);
        await session.out.write(tableText(['version', 'activated', '', 'comment'], rows));
      }),
    );
