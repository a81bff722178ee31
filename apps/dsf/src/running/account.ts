import { phaseNames, type PhaseName, type TableCount } from '@dsf/ports';
import { readStatus, type Installation } from '@dsf/wiring';
import { counted, grouped } from '../counted.ts';
import type { Output } from '../output.ts';
import type { PhaseCounter } from './phase-counts.ts';

/** Tables that are shown with their rows; the rest is counted. */
const tablesShown = 8;
/** Failures that are looked through for their reasons. */
const failuresMax = 10_000;

const verbs: Readonly<Record<PhaseName, string>> = {
  ingest: 'ingested',
  flatten: 'flattened',
  summarise: 'summarised',
  publish: 'published',
};

const sumRows = (tables: readonly TableCount[]): number => tables.reduce((sum, { rows }) => sum + rows, 0);

const topTables = (tables: readonly TableCount[]): readonly string[] => {
  const shown = tables.toSorted((a, b) => b.rows - a.rows).slice(0, tablesShown);
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const rest = tables.length - shown.length;
  return [
    ...shown.map(({ name, rows }) => `    ${name.padEnd(width)}  ${grouped(rows).padStart(9)}`),
    ...(rest > 0 ? [`    and ${counted(rest, 'more table')} with ${counted(sumRows(tables) - sumRows(shown), 'row')}`] : []),
  ];
};

const failureLines = async ({ warehouse }: Installation, open: number): Promise<readonly string[]> => {
  if (open === 0) return ['  failed      none'];
  const failures = await warehouse.inspect.failures({ status: 'open', max: failuresMax });
  const reasons = new Map<string, number>();
  for (const { phase, code } of failures) reasons.set(`${phase} ${code}`, (reasons.get(`${phase} ${code}`) ?? 0) + 1);
  const rows = [...reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => `    ${grouped(count).padStart(9)}  ${reason}`);
  return [`  failed      ${counted(open, 'open failure')}, stored and replayable`, ...rows];
};

/** The same for a program: what this process has done by phase, and what the installation holds now. */
export const accountOf = async (
  installation: Installation,
  counter: PhaseCounter,
  { phases, ended }: { readonly phases: readonly PhaseName[]; readonly ended: 'idle' | 'asked' | 'stopped' },
) => {
  const { idle, openFailures, version } = await readStatus(installation);
  const run = Object.fromEntries(phases.map((phase) => [phase, counter.counts(phase)]));
  return { ended, version, idle, run, openFailures, tables: await installation.warehouse.inspect.tables() };
};

/** What this process has done and what the installation holds now, in lines for a person. */
export const accountLines = async (
  installation: Installation,
  counter: PhaseCounter,
  phases: readonly PhaseName[],
): Promise<readonly string[]> => {
  const status = await readStatus(installation);
  const tables = await installation.warehouse.inspect.tables();
  const of = (...kinds: readonly TableCount['kind'][]): readonly TableCount[] => tables.filter(({ kind }) => kinds.includes(kind));
  const [raw, flat, summary] = [of('raw'), of('root', 'child'), of('summary')];
  const done = phaseNames
    .filter((phase) => phases.includes(phase))
    .map((phase) => `${verbs[phase]} ${grouped(counter.counts(phase).written)}`);
  const published = status.publications.reduce((sum, { phases: [publish] }) => sum + (publish?.written ?? 0), 0);
  return [
    `  this run    ${done.join(', ')}${status.idle ? '' : '; not everything has come through yet, run it again to go on'}`,
    `  raw         ${counted(sumRows(raw), 'message')}, each exactly as it came`,
    `  tables      ${counted(flat.length, 'root or child table')} with ${counted(sumRows(flat), 'row')}`,
    ...topTables(flat),
    `  summaries   ${counted(summary.length, 'driver')} with ${counted(sumRows(summary), 'group')}`,
    ...topTables(summary),
    `  published   ${counted(published, 'message')} to ${counted(status.publications.length, 'publication')}`,
    ...(await failureLines(installation, status.openFailures)),
  ];
};

/** The account with an empty line before it, and where to go from there. */
export const withNextSteps = (lines: readonly string[], next: readonly string[], { paint }: Output): readonly string[] => [
  '',
  ...lines,
  ...(next.length === 0 ? [] : ['', `  ${paint.bold('look further')}`, ...next.map((command) => `    ${paint.cyan(command)}`)]),
];
