import { stringify } from 'yaml';
import { alerts, levels, runbookOf, type Alert } from './alerts.ts';
import { ratioName, windows } from './burn-rates.ts';

/** Prometheus rules: the shares that service levels are about, and the alerts. */
export const ruleGroups = () => ({
  groups: [
    ...levels.map((level) => ({
      name: `dsf-${level.name}`,
      interval: '1m',
      rules: windows.map((window) => ({ record: ratioName(level, window), expr: level.errors(window) })),
    })),
    {
      name: 'dsf-alerts',
      rules: alerts.map((alert) => ({
        alert: alert.name,
        expr: alert.expr,
        for: alert.for,
        labels: { severity: alert.severity },
        annotations: { summary: alert.summary, runbook_url: `docs/runbooks/${runbookOf(alert)}.md` },
      })),
    },
  ],
});

export const renderRules = (): string =>
  `# Made by \`npm run monitoring\` from tools/deploy/monitoring; change it there.\n${stringify(ruleGroups(), { lineWidth: 0 })}`;

/** The rules without what people read of them: promtool compares filled-in sentences too, and the sentences are not what is tested. */
export const renderRulesBare = (): string => {
  const { groups } = ruleGroups();
  const bare = groups.map((group) => ({ ...group, rules: group.rules.map((rule) => ({ ...rule, annotations: undefined })) }));
  return stringify({ groups: bare }, { lineWidth: 0 });
};

/** Input for `promtool test rules`: each alert in a state in which it fires, and in one in which it does not. */
export const renderRuleTests = (rulesFile: string, tested: readonly Alert[]): string => {
  const inputs = (series: Readonly<Record<string, string>>) => Object.entries(series).map(([name, values]) => ({ series: name, values }));
  return stringify({
    rule_files: [rulesFile],
    evaluation_interval: '1m',
    tests: tested.flatMap(({ name, severity, fires, quiet }) => [
      {
        name: `${name} fires`,
        interval: '1m',
        input_series: inputs(fires.series),
        alert_rule_test: [{ eval_time: fires.at, alertname: name, exp_alerts: [{ exp_labels: { severity, ...fires.labels } }] }],
      },
      {
        name: `${name} does not fire`,
        interval: '1m',
        input_series: inputs(quiet.series),
        alert_rule_test: [{ eval_time: quiet.at, alertname: name, exp_alerts: [] }],
      },
    ]),
  });
};
