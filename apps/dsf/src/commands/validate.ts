import { buildCatalog, freshSnapshot } from '@dsf/metadata';
import { Command } from 'commander';
import { counted } from '../counted.ts';
import { readFiles } from '../definitions/read-files.ts';
import { refuseErrors } from '../definitions/say-problems.ts';
import { jsonText } from '../json-text.ts';
import { customMeasures, type Session } from '../session.ts';

export const validateCommand = (session: Session): Command =>
  new Command('validate')
    .summary('check definitions without an installation')
    .description('Checks YAML files and folders as a whole, as `dsf apply` would, without looking at any installation.')
    .argument('<path...>', 'YAML files, or folders with all YAML files in them')
    .option('--json', 'print what the files define as JSON')
    .action(async (paths: readonly string[], { json = false }: { readonly json?: boolean }) => {
      const files = await readFiles(session, paths, json);
      const { problems } = buildCatalog(freshSnapshot(null, files.definitions), 1, {
        paths: files.knownPaths,
        customMeasures: await customMeasures(session),
      });
      await refuseErrors(session, problems.map(files.withLocation), { texts: files.texts, json });
      const { sources, drivers, publications } = files.definitions;
      if (json)
        return session.out.line(
          jsonText({
            sources: sources.length,
            drivers: drivers.length,
            publications: publications.length,
            warnings: problems.map(files.withLocation),
          }),
        );
      await session.talk.line(
        `right: ${counted(sources.length, 'source')}, ${counted(drivers.length, 'driver')}, ${counted(publications.length, 'publication')}`,
      );
    });
