import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { describeWhere } from '../describe-where.ts';
import { fetchPromtool } from '../fetch.ts';
import { alerts } from './alerts.ts';
import { dashboards } from './dashboards.ts';
import { withoutVariables } from './promql.ts';
import { renderRulesBare, renderRuleTests } from './rules.ts';

const fetched = await fetchPromtool();
const promtool = join(fetched.folder ?? '', 'promtool');
const folder = mkdtempSync(join(tmpdir(), 'dsf-rules-'));
const rules = resolve('deploy/prometheus/rules.yaml');
const bare = join(folder, 'bare.yaml');
writeFileSync(bare, renderRulesBare());

const call = (...parameters: string[]) => {
  const { status, stdout, stderr } = spawnSync(promtool, parameters, { encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
};

describeWhere("Prometheus' own tool", { why: fetched.why }, () => {
  it('takes the rules', () => {
    const { status, said } = call('check', 'rules', rules);
    expect(status, said).toBe(0);
    expect(said).toMatch(/SUCCESS: \d\d rules found/);
  });

  it('takes every expression of the dashboards', () => {
    const file = join(folder, 'dashboards.yaml');
    const expressions = dashboards.flatMap(({ rows }) => rows.flatMap(({ panels }) => panels.flatMap(({ lines }) => lines)));
    const all = expressions.map(({ expr }, index) => ({ record: `dashboard:${index}`, expr: withoutVariables(expr) }));
    writeFileSync(file, stringify({ groups: [{ name: 'dashboards', rules: all }] }));
    const { status, said } = call('check', 'rules', file);
    expect(status, said).toBe(0);
  });

  it(`sees each of the ${alerts.length} alerts fire where it must, and not where it must not`, () => {
    const file = join(folder, 'tests.yaml');
    writeFileSync(file, renderRuleTests(bare, alerts));
    const { status, said } = call('test', 'rules', file);
    expect(status, said).toBe(0);
  });

  it('would say so if one did not fire', () => {
    const file = join(folder, 'broken.yaml');
    const accounting = alerts.filter(({ name }) => name === 'DsfAccountingBroken');
    writeFileSync(file, renderRuleTests(bare, accounting).replaceAll('-1x20', '0x20'));
    expect(call('test', 'rules', file)).toMatchObject({ status: 1, said: expect.stringContaining('DsfAccountingBroken') });
  });
});
