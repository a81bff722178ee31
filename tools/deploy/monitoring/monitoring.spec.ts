import { existsSync, globSync, readFileSync } from 'node:fs';
import { declarations, processMetrics, type MetricKey } from '@dsf/observability';
import { describe, expect, it } from 'vitest';
import { alerts, levels, runbookOf } from './alerts.ts';
import { ratioName, windows } from './burn-rates.ts';
import { dashboards } from './dashboards.ts';
import { files } from './generate.ts';
import { parsePromql, withoutVariables } from './promql.ts';
import { ruleGroups } from './rules.ts';

const read = (file: string): string => readFileSync(file, 'utf8');

interface Target {
  readonly where: string;
  readonly expr: string;
}

const inDashboards: readonly Target[] = dashboards.flatMap(({ id, rows }) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, lines }) => lines.map(({ expr }) => ({ where: `${id}: ${title}`, expr: withoutVariables(expr) }))),
  ),
);
const inRules: readonly Target[] = ruleGroups().groups.flatMap(({ rules }) =>
  (rules as readonly { readonly expr: string; readonly alert?: string; readonly record?: string }[]).map(({ expr, alert, record }) => ({
    where: alert ?? record ?? '',
    expr,
  })),
);
const targets = [...inDashboards, ...inRules];

/** Each series with the labels that it may have beside those that a scrape adds. */
const known = new Map<string, readonly string[]>([
  ...(Object.keys(declarations) as MetricKey[]).flatMap((key): readonly (readonly [string, readonly string[]])[] => {
    const { name, kind, labels } = declarations[key];
    if (kind !== 'histogram') return [[name, labels]];
    return [
      [`${name}_bucket`, [...labels, 'le']],
      [`${name}_sum`, labels],
      [`${name}_count`, labels],
    ];
  }),
  ...processMetrics.map(({ name }) => [name, []] as const),
  ...levels.flatMap((level) => windows.map((window) => [ratioName(level, window), []] as const)),
]);
const ofEveryScrape = ['namespace', 'pod', 'instance'];

describe('dashboards, rules and the copies in the chart', () => {
  it.each([...files.keys()])('%s is as `npm run monitoring` makes it', (file) => {
    expect(read(file)).toBe(files.get(file));
  });

  it('leave nothing behind that is not made any more', () => {
    const there = globSync(['deploy/dashboards/*', 'helm/dsf/files/dashboards/*']).map((file) => file.replaceAll('\\', '/'));
    expect(there.filter((file) => !files.has(file))).toEqual([]);
  });
});

describe('every expression', () => {
  it('is read by the grammar of Prometheus', () => {
    expect(targets.length).toBeGreaterThan(100);
    expect(targets.filter(({ expr }) => !parsePromql(expr).ok)).toEqual([]);
    expect(parsePromql('sum by (phase) (rate(dsf_ready[5m]').ok).toBe(false);
  });

  it('reads series that exist', () => {
    const unknown = targets.flatMap(({ where, expr }) =>
      parsePromql(expr)
        .metrics.filter((name) => !known.has(name))
        .map((name) => `${where}: ${name}`),
    );
    expect(unknown).toEqual([]);
    expect(parsePromql('rate(dsf_no_such_total[5m])').metrics).toEqual(['dsf_no_such_total']);
  });

  it('names labels that its series have', () => {
    const wrong = targets.flatMap(({ where, expr }) => {
      const { metrics, labels } = parsePromql(expr);
      const has = new Set([...ofEveryScrape, ...metrics.flatMap((name) => known.get(name) ?? [])]);
      return labels.filter((label) => !has.has(label)).map((label) => `${where}: ${label}`);
    });
    expect(wrong).toEqual([]);
  });

  it('matches values that the labels can have', () => {
    const closed = new Map(
      Object.entries({ phase: 'ingest flatten summarise publish', window: 'open ended running', state: 'used idle waiting max' }),
    );
    const wrong = targets.flatMap(({ where, expr }) =>
      [...expr.matchAll(/(\w+)="(\w+)"/g)]
        .filter(([, label = '', value = '']) => closed.has(label) && !(closed.get(label) ?? '').split(' ').includes(value))
        .map(([text]) => `${where}: ${text}`),
    );
    expect(wrong).toEqual([]);
  });
});

it('shows every metric in some dashboard', () => {
  const shown = new Set(
    inDashboards.flatMap(({ expr }) => parsePromql(expr).metrics.map((name) => name.replace(/_(bucket|count|sum)$/, ''))),
  );
  expect(
    Object.values(declarations)
      .map(({ name }) => name)
      .filter((name) => !shown.has(name)),
  ).toEqual([]);
});

describe('alerts', () => {
  it.each(alerts)('$name has a page that says what to do', (alert) => {
    const page = `docs/runbooks/${runbookOf(alert)}.md`;
    expect(existsSync(page), page).toBe(true);
    const text = read(page);
    for (const heading of ['## What it means', '## Look', '## Do']) expect(text).toContain(heading);
    expect(text).toContain(alert.name);
  });

  it('have no page without an alert', () => {
    const pages = globSync('docs/runbooks/*.md').map((file) => file.replaceAll('\\', '/').slice('docs/runbooks/'.length, -'.md'.length));
    expect(pages.filter((page) => page !== 'README' && !alerts.some((alert) => runbookOf(alert) === page))).toEqual([]);
  });

  it('watch what was promised: freshness, failures, accounting, stalls, lag, stops, reloads', () => {
    for (const name of [
      'DsfFreshnessBudgetBurnsFast',
      'DsfFailureBudgetBurnsFast',
      'DsfAccountingBroken',
      'DsfPhaseStalled',
      'DsfLagGrows',
      'DsfStopped',
      'DsfBreakerOpen',
      'DsfReloadFails',
    ])
      expect(alerts.map((alert) => alert.name)).toContain(name);
  });
});
