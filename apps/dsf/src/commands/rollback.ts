import { Command } from 'commander';
import {
  activateDefinitions,
  assertNothingPending,
  definitionsOnly,
  loadCurrent,
  sayActivated,
} from '../definitions/activate-definitions.ts';
import { parseWhole } from '../parse-option.ts';
import { withExisting, type Session } from '../session.ts';

interface RollbackOptions {
  readonly overwrite?: true;
  readonly json?: boolean;
}

export const rollbackCommand = (session: Session): Command =>
  new Command('rollback')
    .summary('make an older version the one in force again')
    .description(
      'Makes the definitions of an older version a new version. History is kept; rows that are there keep the version that made them.',
    )
    .argument('<version>', 'number of the version, see `dsf versions`', parseWhole)
    .option('--overwrite', 'replace edits of the config tables that were never activated')
    .option('--json', 'print the changes as JSON')
    .action((version: number, { overwrite, json = false }: RollbackOptions) =>
      withExisting(session, async (installation) => {
        const { definitions } = await installation.metadata.loadVersion(version);
        if (!overwrite) await assertNothingPending(session, installation, await loadCurrent(installation));
        await sayActivated(
          session,
          await activateDefinitions(session, installation, {
            files: definitionsOnly(definitions),
            comment: `rollback to version ${version}`,
            warn: false,
            json,
          }),
          json,
        );
      }),
    );
