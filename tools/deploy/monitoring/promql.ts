import { parser } from '@prometheus-io/lezer-promql';

export interface Parsed {
  /** Names of the series that the expression reads. */
  readonly metrics: readonly string[];
  /** Labels that it matches or groups by. */
  readonly labels: readonly string[];
  readonly ok: boolean;
}

/** Grafana's variables, as something that Prometheus can read. */
export const withoutVariables = (expr: string): string => expr.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', '.*');

/** Reads an expression with Prometheus' own grammar. */
export const parsePromql = (expr: string): Parsed => {
  const [metrics, labels]: [string[], string[]] = [[], []];
  let ok = true;
  parser.parse(expr).iterate({
    enter({ name, type, from, to, node }) {
      if (type.isError) ok = false;
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') metrics.push(expr.slice(from, to));
      if (name === 'LabelName') labels.push(expr.slice(from, to));
    },
  });
  return { metrics, labels, ok };
};
