import { join } from 'node:path';
import { expect } from 'vitest';
import { describeWhere } from './describe-where.ts';
import { fetchHelm } from './fetch.ts';
import { createHelm, type Values } from './helm.ts';
import { parseManifests, type Manifest } from './manifests.ts';

export interface Chart {
  readonly major: 3 | 4;
  readonly helm: ReturnType<typeof createHelm>;
  /** What it renders with values that must work. */
  readonly render: (values: Values) => Promise<readonly Manifest[]>;
}

const openChart = async (major: 3 | 4): Promise<Chart & { readonly why: string | null }> => {
  const { folder, why } = await fetchHelm(major);
  const helm = createHelm(join(folder ?? '', 'helm'));
  const render = async (values: Values): Promise<readonly Manifest[]> => {
    const { ok, stdout, said } = await helm.template(values);
    expect(ok, said).toBe(true);
    return parseManifests(stdout);
  };
  return { major, why, helm, render };
};

const charts = [await openChart(3), await openChart(4)];

/** The same suites with each Helm. Most of the time is Helm's own start, so several are asked at once. */
export const describeCharts = (title: string, suites: (chart: Chart) => void): void => {
  for (const chart of charts)
    describeWhere(`${title}, with Helm ${chart.major}`, { why: chart.why, concurrent: true }, () => suites(chart));
};
