/** One chart of a dashboard, as Grafana stores it. */
export interface Panel {
  readonly title: string;
  readonly about: string;
  readonly unit: 'short' | 's' | 'bytes' | 'reqps' | 'percentunit' | 'Bps';
  readonly kind: 'timeseries' | 'stat';
  readonly lines: readonly { readonly expr: string; readonly legend: string }[];
  /** Of 24 columns. */
  readonly width: number;
}

export interface Dashboard {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

const datasource = { type: 'prometheus', uid: '${datasource}' };
const height = 8;

const renderPanel = (panel: Panel, place: { readonly id: number; readonly x: number; readonly y: number }) => {
  const { title, about, unit, kind, lines, width } = panel;
  return {
    id: place.id,
    type: kind,
    title,
    description: about,
    datasource,
    gridPos: { x: place.x, y: place.y, w: width, h: height },
    targets: lines.map(({ expr, legend }, index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource,
      expr,
      legendFormat: legend,
    })),
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options:
      kind === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'value' }
        : { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'desc' } },
  };
};

const variables = [
  { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', current: {} },
  {
    name: 'namespace',
    label: 'Namespace',
    type: 'query',
    datasource,
    definition: 'label_values(dsf_ready, namespace)',
    query: { query: 'label_values(dsf_ready, namespace)', refId: 'namespace' },
    refresh: 2,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  },
];

/** The dashboard as Grafana imports it. */
export const renderDashboard = ({ id, title, rows }: Dashboard): string => {
  const panels: unknown[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({ id: panels.length + 1, type: 'row', title: row.title, collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] });
    y += 1;
    let x = 0;
    for (const panel of row.panels) {
      if (x + panel.width > 24) {
        x = 0;
        y += height;
      }
      panels.push(renderPanel(panel, { id: panels.length + 1, x, y }));
      x += panel.width;
    }
    y += height;
  }
  const dashboard = {
    uid: `dsf-${id}`,
    title: `DSF / ${title}`,
    tags: ['dsf'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    links: [{ type: 'dashboards', tags: ['dsf'], title: 'DSF', asDropdown: true, includeVars: true, keepTime: true }],
    templating: { list: variables },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
};
