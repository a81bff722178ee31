import { mkdirSync, writeFileSync } from 'node:fs';
import { dashboards } from './dashboards.ts';
import { renderDashboard } from './panels.ts';
import { renderRules } from './rules.ts';

/*
 * `npm run monitoring`: writes the dashboards and rules for Grafana and Prometheus, and the copies that the chart brings along, which can
 * reach nothing outside its folder.
 */
export const files: ReadonlyMap<string, string> = new Map([
  ...dashboards.flatMap((dashboard) => {
    const text = renderDashboard(dashboard);
    return ['deploy/dashboards', 'helm/dsf/files/dashboards'].map((folder) => [`${folder}/${dashboard.id}.json`, text] as const);
  }),
  ...['deploy/prometheus', 'helm/dsf/files'].map((folder) => [`${folder}/rules.yaml`, renderRules()] as const),
]);

if (import.meta.main) {
  for (const [file, text] of files) {
    mkdirSync(file.slice(0, file.lastIndexOf('/')), { recursive: true });
    writeFileSync(file, text);
  }
}
