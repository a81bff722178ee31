import { topicsSettings } from './internal-settings.ts';
import { databaseSettings } from './database-settings.ts';
import {
  commonSettings,
  embeddedSettings,
  flattenerSettings,
  ingestorSettings,
  publisherSettings,
  summariserSettings,
} from './service-settings.ts';
import type { Setting, Settings } from './setting.ts';

export interface ReferenceSection {
  readonly title: string;
  readonly about: string;
  readonly settings: Settings;
}

const without = (settings: Settings, others: Settings): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => !Object.hasOwn(others, name)));

const section = (title: string, about: string, settings: Settings): ReferenceSection => ({
  title,
  about,
  settings: without(settings, commonSettings),
});

/** Every setting of every process. */
export const configSections: readonly ReferenceSection[] = [
  { title: 'All processes', about: 'Read by every service and by the command line.', settings: commonSettings },
  section(
    'Database',
    'Where definitions, state and rows are: SQLite in DSF_HOME, or SQL Server; rows may be in BigQuery instead.',
    databaseSettings,
  ),
  section('dsf run', 'All phases in one process.', embeddedSettings),
  section('dsf topics', 'Making the internal topics on a cluster.', topicsSettings),
  section('Ingestor', 'Source topics to raw rows.', ingestorSettings),
  section('Flattener', 'Raw rows to root and child tables.', flattenerSettings),
  section('Summariser', 'Flat rows to summaries.', summariserSettings),
  section('Publisher', 'Summaries to output topics.', publisherSettings),
];

const cellsOf = ({ variable, allowed, fallback, about, secret }: Setting<unknown>): readonly string[] => [
  `\`${variable}\`${secret ? `, \`${variable}_FILE\`` : ''}`,
  about,
  allowed,
  fallback.kind === 'text' ? `\`${fallback.text}\`` : fallback.kind,
];

/** A table whose columns line up, so that the file reads well as plain text too. */
const renderTable = (table: readonly (readonly string[])[]): readonly string[] => {
  const rows = table.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)];
};

/** The configuration reference as Markdown: every variable, what it means, what it takes, its default. */
export const renderReference = (sections: readonly ReferenceSection[]): string => {
  const intro = [
    '# Configuration',
    '',
    'Every setting is an environment variable. A process reads them once when it starts; if any is wrong it does not start, and lists every',
    'problem. A variable that is empty counts as missing. This page is generated from the settings themselves.',
  ];
  const parts = sections.map(({ title, about, settings }) => [
    '',
    `## ${title}`,
    '',
    about,
    '',
    ...renderTable([['Variable', 'Meaning', 'Must be', 'Default'], ...Object.values(settings).map(cellsOf)]),
  ]);
  return `${[...intro, ...parts.flat()].join('\n')}\n`;
};
