import { declarations, type MetricKey } from '@dsf/observability';

/** The metric's name; a histogram's series need an ending. */
export const metric = (key: MetricKey): string => declarations[key].name;

/** What alerts and dashboards show together: an installation is a namespace; where there is none the label is empty. */
export const scope = 'namespace';
