import { Command } from 'commander';
import { jsonText } from '../json-text.ts';
import { withExisting, type Session } from '../session.ts';
import { tableText } from '../table.ts';

export const tablesCommand = (session: Session): Command =>
  new Command('tables')
    .summary('list the tables and their rows')
    .description('Lists the raw table, the root and child tables and the summaries, with the number of rows in each.')
    .option('--json', 'print one JSON object per line')
    .action(({ json = false }: { readonly json?: boolean }) =>
      withExisting(session, async ({ warehouse }) => {
        const tables = await warehouse.inspect.tables();
        if (!json)
          return session.out.write(
            tableText(
              ['table', 'kind', 'rows'],
              tables.map(({ name, kind, rows }) => [name, kind, rows]),
            ),
          );
        for (const table of tables) await session.out.line(jsonText(table));
      }),
    );
