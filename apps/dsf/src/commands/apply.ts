import type { Installation } from '@dsf/wiring';
import { Command } from 'commander';
import {
  activateDefinitions,
  assertNothingPending,
  loadCurrent,
  planFiles,
  sayActivated,
  type Activated,
} from '../definitions/activate-definitions.ts';
import { readFiles, type ReadFiles } from '../definitions/read-files.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { existingOrNull, withInstallation, type Session } from '../session.ts';

interface ApplyOptions {
  readonly dryRun?: true;
  readonly comment?: string;
  readonly overwrite?: true;
  readonly json?: boolean;
}

/** A plan needs no installation, and must not make one. */
const plan = async (session: Session, files: ReadFiles, json: boolean): Promise<Activated> =>
  existingOrNull(session, async (installation) => {
    if (installation === null) return planFiles(session, files, { snapshot: null, version: 0, json });
    const snapshot = await loadCurrent(installation);
    await refuseOtherLanes(installation, { is: snapshot?.definitions.settings.lanes, wanted: files.definitions.settings.lanes });
    return planFiles(session, files, { snapshot, version: await installation.metadata.currentVersion(), json });
  });

/** As `apply` would: once data has flowed, only a resize changes the number of lanes. @throws CommandError `refused` */
const refuseOtherLanes = async (
  { warehouse }: Installation,
  { is, wanted }: { readonly is: number | undefined; readonly wanted: number },
): Promise<void> => {
  if (is === undefined || is === wanted || (await warehouse.inspect.lanes()).length === 0) return;
  throw new CommandError(
    exitCodes.refused,
    `the number of lanes is ${is} and cannot become ${wanted} by \`dsf apply\`, because services have begun to work on it`,
    `set lanes to ${is}, or move what they hold with \`dsf topics resize --lanes ${wanted}\` first`,
  );
};

export const applyCommand = (session: Session): Command =>
  new Command('apply')
    .summary('make definitions from YAML files the version in force')
    .description(
      'Reads YAML files and folders as the whole of the definitions, writes them to the config tables and activates them as a new version, all or nothing. Says what changes; what the files do not hold is removed.',
    )
    .argument('<path...>', 'YAML files, or folders with all YAML files in them')
    .option('--dry-run', 'only say what would change')
    .option('--comment <text>', 'note for the version’s history')
    .option('--overwrite', 'replace edits of the config tables that were never activated')
    .option('--json', 'print the changes as JSON')
    .action(async (paths: readonly string[], { dryRun, comment, overwrite, json = false }: ApplyOptions) => {
      const files = await readFiles(session, paths, json);
      if (dryRun) return sayActivated(session, await plan(session, files, json), json);
      await withInstallation(session, async (installation) => {
        if (!overwrite) await assertNothingPending(session, installation, await loadCurrent(installation));
        await sayActivated(
          session,
          await activateDefinitions(session, installation, { files, comment: comment ?? `apply ${paths.join(' ')}`, warn: true, json }),
          json,
        );
      });
    });

export const planCommand = (session: Session): Command =>
  new Command('plan')
    .summary('say what apply would change')
    .description('Says what `dsf apply` of the same files would change, and changes nothing.')
    .argument('<path...>', 'YAML files, or folders with all YAML files in them')
    .option('--json', 'print the changes as JSON')
    .action(async (paths: readonly string[], { json = false }: { readonly json?: boolean }) =>
      sayActivated(session, await plan(session, await readFiles(session, paths, json), json), json),
    );
