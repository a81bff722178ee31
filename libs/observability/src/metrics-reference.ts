import { declarations } from './declarations.ts';
import type { MetricDeclaration } from './metric-declaration.ts';
import { processMetrics } from './process-metrics.ts';
import { labelValues, type Label } from './label-values.ts';

const valuesOf = (label: Label): string => {
  const values = labelValues[label];
  return typeof values === 'number' ? `\`${label}\` (at most ${values}, then \`other\`)` : `\`${label}\``;
};

/** A table whose columns line up, so that the file reads well as plain text too. */
const renderTable = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)];
};

const intro = `# Metrics

Every service shows its metrics at \`/metrics\`. This page is made from libs/observability/src/declarations.ts.

Counters are at zero from the start. Labels are bounded: phases, outcomes, codes, and the names that definitions give to sources and publications; never ids,
keys, offsets or messages. Gauges marked _read_ come from the database when the metrics are read, so every replica shows the same: take their \`max\`, not their
\`sum\`. Where the database does not answer within four seconds they are left out rather than shown as they were.`;

/** The metrics reference as Markdown. */
export const renderMetricsReference = (): string => {
  const all: readonly MetricDeclaration[] = Object.values(declarations);
  const rows = all.map(({ name, kind, help, unit, labels, look, read }) => [
    `\`${name}\``,
    read === true ? `${kind}, read` : kind,
    unit,
    labels.map(valuesOf).join(', '),
    help,
    look,
  ]);
  const values = Object.entries(labelValues).flatMap(([label, known]) =>
    typeof known === 'number' ? [] : [[`\`${label}\``, known.map((value) => `\`${value}\``).join(' ')]],
  );
  return [
    intro,
    '',
    ...renderTable([['metric', 'kind', 'unit', 'labels', 'meaning', 'look when'], ...rows]),
    '',
    '## Values of labels',
    '',
    ...renderTable([['label', 'values'], ...values]),
    '',
    '## The process itself',
    '',
    'From Node.js, by prom-client; those that the dashboards show:',
    '',
    ...renderTable([['metric', 'meaning'], ...processMetrics.map(({ name, help }) => [`\`${name}\``, help])]),
    '',
  ].join('\n');
};
