import type { QueryResult } from '@dsf/ports';
import { Command, Option } from 'commander';
import { counted } from '../counted.ts';
import { csvLine } from '../csv-text.ts';
import { jsonText, memberNames } from '../json-text.ts';
import { parseWhole } from '../parse-option.ts';
import { withExisting, type Session } from '../session.ts';
import { tableText } from '../table.ts';

interface QueryOptions {
  readonly json?: true;
  readonly csv?: true;
  readonly max: number;
}

const rowsMaxDefault = 1000;

const printJson = async ({ out }: Session, { columns, rows }: QueryResult): Promise<void> => {
  const names = memberNames(columns);
  for (const row of rows) await out.line(jsonText(Object.fromEntries(names.map((name, index) => [name, row[index] ?? null]))));
};

const printCsv = async ({ out }: Session, { columns, rows }: QueryResult): Promise<void> => {
  await out.line(csvLine(columns));
  for (const row of rows) await out.line(csvLine(row));
};

export const queryCommand = (session: Session): Command =>
  new Command('query')
    .summary('read the tables with SQL')
    .description('Runs one SELECT on the tables and prints what it gives. It can read everything and change nothing.')
    .argument('<sql>', 'the statement, in quotes')
    .addOption(new Option('--json', 'print one JSON object per row and line').conflicts('csv'))
    .option('--csv', 'print CSV with a head line')
    .option('--max <rows>', 'print at most so many rows', parseWhole, rowsMaxDefault)
    .action((sql: string, { json, csv, max }: QueryOptions) =>
      withExisting(session, async ({ warehouse }) => {
        // One more than is shown tells whether there are more.
        const { columns, rows, scannedBytes } = await warehouse.inspect.query(sql, max + 1);
        const result = { columns, rows: rows.slice(0, max) };
        if (json) await printJson(session, result);
        else if (csv) await printCsv(session, result);
        else await session.out.write(tableText(columns, result.rows));
        if (rows.length > max) await session.talk.line(`only the first ${counted(max, 'row')}; --max shows more`);
        else if (!json && !csv) await session.talk.line(counted(rows.length, 'row'));
        if (scannedBytes !== undefined)
          await session.talk.line(`${scannedBytes.toLocaleString('en')} bytes scanned, which is what BigQuery charges for`);
      }),
    );
