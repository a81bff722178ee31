import { Command } from 'commander';
import { activateDefinitions, sayActivated } from '../definitions/activate-definitions.ts';
import { withExisting, type Session } from '../session.ts';

export const activateCommand = (session: Session): Command =>
  new Command('activate')
    .summary('make edits of the config tables the version in force')
    .description(
      'Checks the config tables as they stand, for example after edits by plain SQL, and makes them the version in force, all or nothing.',
    )
    .option('--comment <text>', 'note for the version’s history')
    .option('--json', 'print the changes as JSON')
    .action(({ comment = 'activate', json = false }: { readonly comment?: string; readonly json?: boolean }) =>
      withExisting(session, async (installation) =>
        sayActivated(session, await activateDefinitions(session, installation, { files: null, comment, warn: true, json }), json),
      ),
    );
