import { declarations, type MetricKey } from '@dsf/observability';
import { failures, freshness } from './alerts.ts';
import { ratioName } from './burn-rates.ts';
import { metric } from './names.ts';
import type { Dashboard, Panel } from './panels.ts';

const here = 'namespace=~"$namespace"';
const units = { seconds: 's', bytes: 'bytes' } as const;

interface Shown {
  readonly title?: string;
  /** Labels to tell apart; those of the metric otherwise. */
  readonly by?: readonly string[];
  readonly only?: string;
  readonly width?: number;
}

const about = (key: MetricKey): string => {
  const { help, look } = declarations[key];
  return look === '' ? help : `${help}. Look when: ${look}`;
};

const legendOf = (by: readonly string[]): string => by.map((label) => `{{${label}}}`).join(' ') || 'all';
const match = (only: string | undefined, more = ''): string => [here, only ?? '', more].filter((part) => part !== '').join(',');
const byText = (by: readonly string[]): string => (by.length === 0 ? '' : ` by (${by.join(', ')})`);

/** A counter, per second. */
const rate = (key: MetricKey, { title, by = declarations[key].labels, only, width = 8 }: Shown = {}): Panel => ({
  title: title ?? declarations[key].name,
  about: about(key),
  unit: declarations[key].unit === 'bytes' ? 'Bps' : 'reqps',
  kind: 'timeseries',
  lines: [{ expr: `sum${byText(by)} (rate(${metric(key)}{${match(only)}}[$__rate_interval]))`, legend: legendOf(by) }],
  width,
});

/** A gauge: the most over replicas, or their sum. */
const level = (key: MetricKey, how: 'max' | 'sum', { title, by = declarations[key].labels, only, width = 8 }: Shown = {}): Panel => {
  const { unit, name } = declarations[key];
  return {
    title: title ?? name,
    about: about(key),
    unit: unit in units ? units[unit as keyof typeof units] : 'short',
    kind: 'timeseries',
    lines: [{ expr: `${how}${byText(by)} (${metric(key)}{${match(only)}})`, legend: legendOf(by) }],
    width,
  };
};

/** A histogram: the middle and the tail. */
const spread = (key: MetricKey, { title, by = [], only, width = 8 }: Shown = {}): Panel => {
  const { unit, name } = declarations[key];
  const buckets = `sum by (${['le', ...by].join(', ')}) (rate(${metric(key)}_bucket{${match(only)}}[$__rate_interval]))`;
  const label = by.length === 0 ? '' : ` ${legendOf(by)}`;
  return {
    title: title ?? name,
    about: about(key),
    unit: unit === 'seconds' ? 's' : 'short',
    kind: 'timeseries',
    lines: [0.5, 0.99].map((quantile) => ({ expr: `histogram_quantile(${quantile}, ${buckets})`, legend: `p${quantile * 100}${label}` })),
    width,
  };
};

const processPanel = (title: string, unit: Panel['unit'], lines: readonly (readonly [expr: string, legend: string])[]): Panel => ({
  title,
  about: 'Of each process',
  unit,
  kind: 'timeseries',
  lines: lines.map(([expr, legend]) => ({ expr, legend })),
  width: 8,
});

/** Whatever tells one process from another: a pod, or the address that is scraped. */
const pods = '{{pod}}{{instance}}';

const processPanels = (only: string): readonly Panel[] => {
  const mine = `and on (namespace, pod, instance) ${metric('ready')}{${match(only)}}`;
  return [
    processPanel('Event loop delay', 's', [
      [`nodejs_eventloop_lag_p99_seconds{${here}} ${mine}`, `p99 ${pods}`],
      [`nodejs_eventloop_lag_mean_seconds{${here}} ${mine}`, `mean ${pods}`],
    ]),
    processPanel('Memory', 'bytes', [
      [`process_resident_memory_bytes{${here}} ${mine}`, `all ${pods}`],
      [`nodejs_heap_size_used_bytes{${here}} ${mine}`, `heap ${pods}`],
      [`nodejs_external_memory_bytes{${here}} ${mine}`, `buffers ${pods}`],
    ]),
    processPanel('CPU', 'short', [[`rate(process_cpu_seconds_total{${here}}[$__rate_interval]) ${mine}`, pods]]),
  ];
};

const stat = (
  title: string,
  unit: Panel['unit'],
  expr: string,
  { note, width = 4 }: { readonly note: string; readonly width?: number },
): Panel => ({
  title,
  about: note,
  unit,
  kind: 'stat',
  lines: [{ expr, legend: '' }],
  width,
});

const phases = [
  ['ingest', 'Ingest'],
  ['flatten', 'Flatten'],
  ['summarise', 'Summarise'],
  ['publish', 'Publish'],
] as const;

const overview: Dashboard = {
  id: 'overview',
  title: 'Overview',
  rows: [
    {
      title: 'Service levels',
      panels: [
        stat('Later than 60 s, last hour', 'percentunit', `max(${ratioName(freshness, '1h')}{${here}})`, {
          note: 'Budget: 1 % of the documents',
          width: 6,
        }),
        stat('Failed, last hour', 'percentunit', `max(${ratioName(failures, '1h')}{${here}})`, {
          note: 'Budget: 0.1 % of the records',
          width: 6,
        }),
        stat('Failures open', 'short', `max(${metric('openFailures')}{${here}})`, { note: about('openFailures') }),
        stat('Stopped', 'short', `sum(${metric('stopped')}{${here}})`, { note: about('stopped') }),
        stat('Breakers open', 'short', `sum(${metric('breakers')}{${here}})`, { note: about('breakers') }),
      ],
    },
    {
      title: 'Rate, phase by phase',
      panels: phases.map(([phase, name]) => rate('records', { title: name, only: `phase="${phase}"`, by: ['outcome'], width: 6 })),
    },
    {
      title: 'Lag in seconds, phase by phase',
      panels: phases.map(([phase, name]) =>
        level('lagSeconds', 'max', { title: name, only: `phase="${phase}"`, by: ['source'], width: 6 }),
      ),
    },
    {
      title: 'Failures, phase by phase',
      panels: phases.map(([phase, name]) =>
        rate('refusals', { title: name, only: `phase="${phase}",code!="none"`, by: ['code'], width: 6 }),
      ),
    },
    {
      title: 'End to end',
      panels: [
        spread('latency', { title: 'From source to published', width: 12 }),
        level('accounting', 'max', { title: 'Accounting difference, must be 0', width: 6 }),
        level('positionDifference', 'max', { title: 'Position difference, must be 0', width: 6 }),
      ],
    },
  ],
};

const phaseDashboard = ([phase, name]: (typeof phases)[number]): Dashboard => {
  const only = `phase="${phase}"`;
  return {
    id: phase,
    title: name,
    rows: [
      {
        title: 'Flow',
        panels: [
          rate('received', { title: 'Received', only }),
          rate('records', { title: 'What became of them', only, by: ['outcome'] }),
          rate('refusals', { title: 'Failed, by code', only: `${only},code!="none"`, by: ['code'] }),
          rate('receivedBytes', { title: 'Bytes received', only }),
          rate('writtenBytes', { title: 'Bytes written', only }),
          rate('sentBytes', { title: 'Bytes sent', only }),
        ],
      },
      {
        title: 'Behind',
        panels: [
          level('lagRecords', 'max', { title: 'Lag, records', only, by: ['source'] }),
          level('lagSeconds', 'max', { title: 'Lag, seconds', only, by: ['source'] }),
          level('oldest', 'max', { title: 'Oldest waiting', only, by: [] }),
          level('backlog', 'max', { title: 'Backlog over all partitions', only, by: ['source'] }),
          rate('refills', { title: 'Refills', only }),
          rate('refilled', { title: 'Offsets refilled', only }),
        ],
      },
      {
        title: 'Batches',
        panels: [
          spread('batchSeconds', { title: 'Time per batch', only }),
          spread('batchRecords', { title: 'Records per batch', only }),
          spread('stageSeconds', { title: 'Time per part', only, by: ['stage'] }),
          rate('sent', { title: 'Messages sent', only }),
          rate('retries', { title: 'Retries', only: `${only},code!="none"`, by: ['code'] }),
          level('breakers', 'sum', { title: 'Lanes with an open breaker', only, by: ['source'] }),
          rate('breakerOpenings', { title: 'Breakers opened', only, by: ['source'] }),
          rate('requests', { title: 'Requests carried out', only, by: ['kind'] }),
        ],
      },
      {
        title: 'Replicas',
        panels: [
          level('lanes', 'sum', { title: 'Lanes owned', only, by: ['pod', 'instance'] }),
          rate('rebalances', { title: 'Lanes given and left', only, by: ['change'] }),
          rate('lanesLost', { title: 'Lanes lost', only }),
          level('catalogVersion', 'max', { title: 'Version of the definitions', only, by: ['pod', 'instance'] }),
          level('ready', 'sum', { title: 'Ready replicas', only, by: [] }),
          rate('stops', { title: 'Stops', only: `${only},code!="none"`, by: ['code'] }),
          ...processPanels(only),
        ],
      },
    ],
  };
};

const database: Dashboard = {
  id: 'database',
  title: 'Database',
  rows: [
    {
      title: 'Operations',
      panels: [
        spread('databaseSeconds', { title: 'Time of a transaction', only: 'operation="transact"' }),
        rate('databaseRetries', { title: 'Retries by code', only: 'code!="none"', by: ['code'] }),
        level('pool', 'sum', { title: 'Connections', by: ['state'] }),
        { ...spread('databaseSeconds', { title: 'Time of each operation', by: ['operation'] }), width: 12 },
        {
          title: 'Operations per second',
          about: about('databaseSeconds'),
          unit: 'reqps',
          kind: 'timeseries',
          lines: [
            {
              expr: `sum by (operation, result) (rate(${metric('databaseSeconds')}_count{${here}}[$__rate_interval]))`,
              legend: '{{operation}} {{result}}',
            },
          ],
          width: 12,
        },
      ],
    },
    {
      title: 'Reading of lag',
      panels: [
        level('readingSeconds', 'max', { title: 'Time of a reading', by: [], width: 12 }),
        level('openRequests', 'max', { title: 'Requests open', width: 12 }),
      ],
    },
    { title: 'Cost', panels: [rate('foldBytes', { title: 'Bytes scanned to fold drivers again', width: 12 })] },
  ],
};

const quality: Dashboard = {
  id: 'data-quality',
  title: 'Data quality',
  rows: [
    {
      title: 'Failures',
      panels: [
        level('openFailures', 'max', { title: 'Open' }),
        rate('refusals', { title: 'New, by phase and code', only: 'code!="none"', by: ['phase', 'code'] }),
        rate('requests', { title: 'Replayed, recomputed, rebuilt', by: ['kind'] }),
      ],
    },
    {
      title: 'Accounting',
      panels: [
        level('accounting', 'max', { title: 'Received minus written, failed, filtered' }),
        level('positionDifference', 'max', { title: 'Offsets covered minus what became of them' }),
        rate('records', { title: 'Filtered and duplicate', only: 'outcome=~"filtered|duplicate"', by: ['phase', 'outcome'] }),
      ],
    },
    {
      title: 'Shape and groups',
      panels: [
        rate('tables', { title: 'Tables added' }),
        rate('columns', { title: 'Columns added' }),
        rate('reloadFailures', { title: 'Reload failures', only: 'code!="none"', by: ['phase', 'code'] }),
        rate('groups', { title: 'Changes of open windows', only: 'window="open"', by: ['reason'] }),
        rate('groups', { title: 'Changes of windows that had ended: late', only: 'window="ended"', by: ['reason'] }),
        rate('groups', { title: 'Changes of running groups', only: 'window="running"', by: ['reason'] }),
      ],
    },
  ],
};

export const dashboards: readonly Dashboard[] = [overview, ...phases.map(phaseDashboard), database, quality];
