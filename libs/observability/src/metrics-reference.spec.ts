import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { declarations } from './declarations.ts';
import type { MetricDeclaration } from './metric-declaration.ts';
import { processMetrics } from './process-metrics.ts';
import { labelValues } from './label-values.ts';
import { renderMetricsReference } from './metrics-reference.ts';
import { createMetrics } from './metrics.ts';
import { createRegistry } from './registry.ts';

const page = fileURLToPath(new URL('../../../docs/metrics.md', import.meta.url));
const all: readonly MetricDeclaration[] = Object.values(declarations);

it('is in docs/metrics.md as it stands; `vitest run libs/observability -u` writes it anew', async () => {
  await expect(renderMetricsReference()).toMatchFileSnapshot(page);
});

it('declares each metric once, as Prometheus names them', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const { name, kind, help, unit, labels } of all) {
    expect(name).toMatch(/^dsf_[a-z]+(_[a-z]+)*$/);
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
    if (unit === 'seconds' || unit === 'bytes') expect(name).toMatch(new RegExp(`_${unit}(_total)?$`));
    expect(help.length).toBeGreaterThan(10);
    expect(new Set(labels).size).toBe(labels.length);
  }
});

it('declares everything that is in the registry, and nothing else', async () => {
  const registry = new Registry();
  createMetrics(registry);
  expect((await registry.getMetricsAsJSON()).map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
});

it('knows the metrics of the process by their right names', async () => {
  const names = (await createRegistry().getMetricsAsJSON()).map(({ name }) => name);
  expect(processMetrics.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([]);
});

it('has no label that could be an id, a key or an offset', () => {
  expect(Object.keys(labelValues).filter((label) => /id|key|offset|partition|lane|message|group/.test(label))).toEqual([]);
});
