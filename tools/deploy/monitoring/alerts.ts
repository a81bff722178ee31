import { burnExpression, type ServiceLevel } from './burn-rates.ts';
import { metric, scope } from './names.ts';

/** Series for promtool, in its notation: one value a minute. */
export type Series = Readonly<Record<string, string>>;

export interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'page' | 'ticket';
  readonly summary: string;
  /** A state in which it fires at `at`, with the labels that it then has. */
  readonly fires: { readonly series: Series; readonly at: string; readonly labels: Readonly<Record<string, string>> };
  /** A state close to it in which it must not. */
  readonly quiet: { readonly series: Series; readonly at: string };
}

const latency = metric('latency');
/** Documents later than this are not fresh. A bound of the histogram. */
const freshSeconds = 60;

export const freshness: ServiceLevel = {
  name: 'freshness',
  budget: 0.01,
  errors: (window) =>
    `1 - sum by (${scope}) (rate(${latency}_bucket{le="${freshSeconds}"}[${window}])) / (sum by (${scope}) (rate(${latency}_count[${window}])) > 0)`,
};

export const failures: ServiceLevel = {
  name: 'failures',
  budget: 0.001,
  errors: (window) =>
    `sum by (${scope}) (rate(${metric('records')}{outcome="failed"}[${window}])) / (sum by (${scope}) (rate(${metric('received')}[${window}])) > 0)`,
};

export const levels: readonly ServiceLevel[] = [freshness, failures];

const ns = 'namespace="streams"';
const late = (share: number): Series => ({
  [`${latency}_count{${ns}}`]: '0+100x10000',
  [`${latency}_bucket{${ns},le="60"}`]: `0+${100 - share}x10000`,
});
const failing = (perThousand: number): Series => ({
  [`${metric('received')}{${ns},phase="flatten"}`]: '0+1000x10000',
  [`${metric('records')}{${ns},phase="flatten",outcome="failed"}`]: `0+${perThousand}x10000`,
});

const budgets: readonly Alert[] = [
  {
    name: 'DsfFreshnessBudgetBurnsFast',
    expr: burnExpression(freshness, 'page'),
    for: '2m',
    severity: 'page',
    summary: `More than 1 % of the documents come later than ${freshSeconds} s after their source, and the month's budget is being used up within days`,
    fires: { series: late(20), at: '2h', labels: { namespace: 'streams' } },
    quiet: { series: late(4), at: '2h' },
  },
  {
    name: 'DsfFreshnessBudgetBurns',
    expr: burnExpression(freshness, 'ticket'),
    for: '15m',
    severity: 'ticket',
    summary: `Documents come later than ${freshSeconds} s after their source, more often than the month's budget allows`,
    fires: { series: late(4), at: '7h', labels: { namespace: 'streams' } },
    quiet: { series: late(0), at: '7h' },
  },
  {
    name: 'DsfFailureBudgetBurnsFast',
    expr: burnExpression(failures, 'page'),
    for: '2m',
    severity: 'page',
    summary: 'More than 0.1 % of the records fail, and the budget of the month is being used up within days',
    fires: { series: failing(50), at: '2h', labels: { namespace: 'streams' } },
    quiet: { series: failing(2), at: '2h' },
  },
  {
    name: 'DsfFailureBudgetBurns',
    expr: burnExpression(failures, 'ticket'),
    for: '15m',
    severity: 'ticket',
    summary: 'Records fail more often than the budget of the month allows',
    fires: { series: failing(4), at: '7h', labels: { namespace: 'streams' } },
    quiet: { series: failing(0), at: '7h' },
  },
];

const phase = { namespace: 'streams', phase: 'flatten' };
const inPhase = `${ns},phase="flatten"`;

const integrity: readonly Alert[] = [
  {
    name: 'DsfAccountingBroken',
    expr: `max by (${scope}, phase) (abs(${metric('accounting')})) > 0 or max by (${scope}, phase) (abs(${metric('positionDifference')})) > 0`,
    for: '2m',
    severity: 'page',
    summary: 'Records received are not those written, failed and filtered: one was lost or counted twice in {{ $labels.phase }}',
    fires: { series: { [`${metric('positionDifference')}{${inPhase},source="a"}`]: '0x5 -1x20' }, at: '15m', labels: phase },
    quiet: {
      series: { [`${metric('positionDifference')}{${inPhase},source="a"}`]: '0x30', [`${metric('accounting')}{${inPhase}}`]: '0x30' },
      at: '15m',
    },
  },
  {
    name: 'DsfStopped',
    expr: `max by (${scope}, phase) (${metric('stopped')}) > 0`,
    for: '1m',
    severity: 'page',
    summary: 'A source or service of {{ $labels.phase }} has stopped and waits for a person',
    fires: { series: { [`${metric('stopped')}{${inPhase}}`]: '0x5 1x20' }, at: '15m', labels: phase },
    quiet: { series: { [`${metric('stopped')}{${inPhase}}`]: '0x20' }, at: '15m' },
  },
];

const breakers = metric('breakers');
const received = `sum by (${scope}, phase) (rate(${metric('received')}[5m]))`;

const progress: readonly Alert[] = [
  {
    name: 'DsfPhaseStalled',
    expr: `max by (${scope}, phase) (${metric('oldest')}) > 300 and on (${scope}, phase) ${received} == 0`,
    for: '5m',
    severity: 'page',
    summary: '{{ $labels.phase }} has work and takes none: the oldest record has been waiting for {{ $value | humanizeDuration }}',
    fires: {
      series: { [`${metric('oldest')}{${inPhase}}`]: '0+60x60', [`${metric('received')}{${inPhase}}`]: '500x60' },
      at: '30m',
      labels: phase,
    },
    quiet: { series: { [`${metric('oldest')}{${inPhase}}`]: '0+60x60', [`${metric('received')}{${inPhase}}`]: '0+50x60' }, at: '30m' },
  },
  {
    name: 'DsfBreakerOpen',
    expr: `max by (${scope}, phase, source) (${breakers}) > 0`,
    for: '5m',
    severity: 'page',
    summary: '{{ $labels.phase }} has been waiting for five minutes: every attempt for {{ $labels.source }} fails, in {{ $value }} lanes',
    fires: {
      series: {
        [`${breakers}{${inPhase},source="dsf.raw",pod="a"}`]: '0x5 2x30',
        [`${breakers}{${inPhase},source="none",pod="a"}`]: '0x40',
      },
      at: '15m',
      labels: { ...phase, source: 'dsf.raw' },
    },
    // A broker that was restarted.
    quiet: { series: { [`${breakers}{${inPhase},source="dsf.raw",pod="a"}`]: '0x5 4x3 0x30' }, at: '11m' },
  },
  {
    name: 'DsfLagGrows',
    expr:
      `max by (${scope}, phase, source) (${metric('lagSeconds')}) > 120 and on (${scope}, phase, source) ` +
      `max by (${scope}, phase, source) (${metric('lagRecords')}) > 1.1 * max by (${scope}, phase, source) (${metric('lagRecords')} offset 15m)`,
    for: '15m',
    severity: 'page',
    summary: '{{ $labels.phase }} falls further and further behind {{ $labels.source }}: {{ $value | humanizeDuration }} now',
    fires: {
      series: {
        [`${metric('lagSeconds')}{${inPhase},source="shop.orders"}`]: '0+20x90',
        [`${metric('lagRecords')}{${inPhase},source="shop.orders"}`]: '0+5000x90',
      },
      at: '60m',
      labels: { ...phase, source: 'shop.orders' },
    },
    quiet: {
      series: {
        [`${metric('lagSeconds')}{${inPhase},source="shop.orders"}`]: '1800-20x90',
        [`${metric('lagRecords')}{${inPhase},source="shop.orders"}`]: '900000-9000x90',
      },
      at: '60m',
    },
  },
  {
    name: 'DsfNotReady',
    expr: `min by (${scope}, phase) (${metric('ready')}) == 0`,
    for: '10m',
    severity: 'ticket',
    summary: 'A replica of {{ $labels.phase }} has not been ready for ten minutes',
    fires: {
      series: { [`${metric('ready')}{${inPhase},pod="a"}`]: '1x5 0x30', [`${metric('ready')}{${inPhase},pod="b"}`]: '1x40' },
      at: '25m',
      labels: phase,
    },
    quiet: { series: { [`${metric('ready')}{${inPhase},pod="a"}`]: '1x5 0x5 1x30' }, at: '25m' },
  },
];

const definitions: readonly Alert[] = [
  {
    name: 'DsfReloadFails',
    expr: `sum by (${scope}, phase, code) (increase(${metric('reloadFailures')}[10m])) > 5`,
    for: '5m',
    severity: 'ticket',
    summary: '{{ $labels.phase }} cannot take up a new version of the definitions ({{ $labels.code }}); it goes on with the last good one',
    fires: {
      series: { [`${metric('reloadFailures')}{${inPhase},code="catalog.unreadable"}`]: '0+5x60' },
      at: '30m',
      labels: { ...phase, code: 'catalog.unreadable' },
    },
    quiet: { series: { [`${metric('reloadFailures')}{${inPhase},code="catalog.unreadable"}`]: '0 0 1 1x60' }, at: '30m' },
  },
  {
    name: 'DsfVersionsDiffer',
    expr: `max by (${scope}) (${metric('catalogVersion')}) != min by (${scope}) (${metric('catalogVersion')})`,
    for: '15m',
    severity: 'ticket',
    summary: 'Replicas have been working under different versions of the definitions for a quarter of an hour',
    fires: {
      series: { [`${metric('catalogVersion')}{${inPhase},pod="a"}`]: '3x60', [`${metric('catalogVersion')}{${inPhase},pod="b"}`]: '4x60' },
      at: '30m',
      labels: { namespace: 'streams' },
    },
    quiet: {
      series: {
        [`${metric('catalogVersion')}{${inPhase},pod="a"}`]: '3x5 4x60',
        [`${metric('catalogVersion')}{${inPhase},pod="b"}`]: '4x60',
      },
      at: '30m',
    },
  },
];

const resources: readonly Alert[] = [
  {
    name: 'DsfRetries',
    expr: `sum by (${scope}, phase, code) (rate(${metric('retries')}[10m])) > 0.2`,
    for: '15m',
    severity: 'ticket',
    summary: '{{ $labels.phase }} tries again and again: {{ $labels.code }}',
    fires: {
      series: { [`${metric('retries')}{${inPhase},code="warehouse.busy"}`]: '0+60x90' },
      at: '40m',
      labels: { ...phase, code: 'warehouse.busy' },
    },
    quiet: { series: { [`${metric('retries')}{${inPhase},code="warehouse.busy"}`]: '0+3x90' }, at: '40m' },
  },
  {
    name: 'DsfLanesLost',
    expr: `sum by (${scope}, phase) (increase(${metric('lanesLost')}[30m])) > 20`,
    for: '10m',
    severity: 'ticket',
    summary: 'Lanes of {{ $labels.phase }} change hands all the time',
    fires: { series: { [`${metric('lanesLost')}{${inPhase}}`]: '0+2x120' }, at: '60m', labels: phase },
    quiet: { series: { [`${metric('lanesLost')}{${inPhase}}`]: '0x30 8x90' }, at: '60m' },
  },
  {
    name: 'DsfDatabasePoolExhausted',
    expr: `min_over_time(${metric('pool')}{state="waiting"}[5m]) > 0`,
    for: '10m',
    severity: 'ticket',
    summary: 'Work waits for a connection to the database',
    fires: {
      series: { [`${metric('pool')}{${ns},pod="a",state="waiting"}`]: '3x60' },
      at: '30m',
      labels: { namespace: 'streams', pod: 'a', state: 'waiting' },
    },
    quiet: {
      series: { [`${metric('pool')}{${ns},pod="a",state="waiting"}`]: '3 0 3 3 0 3 3 0 3 3 0 3 3 0 3 3 0 3 3 0 3 3 0 3 3 0 3 3 0 3 0' },
      at: '30m',
    },
  },
  {
    name: 'DsfDatabaseUnreadable',
    expr: `${metric('ready')} == 1 unless on (${scope}, pod, instance) ${metric('openFailures')}`,
    for: '10m',
    severity: 'page',
    summary: 'The database does not answer {{ $labels.phase }}: lag cannot be told',
    fires: { series: { [`${metric('ready')}{${inPhase},pod="a"}`]: '1x60' }, at: '30m', labels: { ...phase, pod: 'a' } },
    quiet: {
      series: { [`${metric('ready')}{${inPhase},pod="a"}`]: '1x60', [`${metric('openFailures')}{${ns},pod="a"}`]: '0x60' },
      at: '30m',
    },
  },
  {
    name: 'DsfEventLoopBlocked',
    expr: `nodejs_eventloop_lag_p99_seconds and on (${scope}, pod, instance) ${metric('ready')} > 0 and nodejs_eventloop_lag_p99_seconds > 1`,
    for: '10m',
    severity: 'ticket',
    summary: 'A process is so busy that its event loop is a second late',
    fires: {
      series: { [`nodejs_eventloop_lag_p99_seconds{${ns},pod="a"}`]: '1.5x60', [`${metric('ready')}{${inPhase},pod="a"}`]: '1x60' },
      at: '30m',
      labels: { namespace: 'streams', pod: 'a' },
    },
    quiet: {
      series: { [`nodejs_eventloop_lag_p99_seconds{${ns},pod="a"}`]: '0.2x60', [`${metric('ready')}{${inPhase},pod="a"}`]: '1x60' },
      at: '30m',
    },
  },
];

/** Every alert. Each has a page in docs/runbooks. */
export const alerts: readonly Alert[] = [...budgets, ...integrity, ...progress, ...definitions, ...resources];

/** `DsfLagGrows` → `lag-grows`, the name of its page. */
export const runbookOf = ({ name }: Pick<Alert, 'name'>): string =>
  name.replace(/^Dsf/, '').replaceAll(/[A-Z]/g, (letter, at: number) => `${at === 0 ? '' : '-'}${letter.toLowerCase()}`);
