import { exportDefinitions } from '@dsf/metadata';
import { Command } from 'commander';
import { sayProblems } from '../definitions/say-problems.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { jsonText } from '../json-text.ts';
import { withExisting, type Session } from '../session.ts';

export const exportCommand = (session: Session): Command =>
  new Command('export')
    .summary('print the config tables as YAML')
    .description('Prints the config tables as they stand, activated or not, as YAML that `dsf apply` reads back as the same definitions.')
    .option('--json', 'print them as JSON, with every default filled in')
    .action(({ json = false }: { readonly json?: boolean }) =>
      withExisting(session, async ({ metadata }) => {
        const { definitions, problems } = await metadata.readTables();
        if (definitions === null) {
          await sayProblems(session, problems, new Map());
          throw new CommandError(exitCodes.refused, 'the config tables do not make definitions as they stand');
        }
        await (json ? session.out.line(jsonText(definitions)) : session.out.write(exportDefinitions(definitions)));
      }),
    );
