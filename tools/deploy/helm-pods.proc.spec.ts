import { expect, it } from 'vitest';
import { base, good } from './chart-values.ts';
import { describeCharts } from './charts.ts';
import { describeWhere } from './describe-where.ts';
import { fetchCustomResources, fetchKubernetesSchemas } from './fetch.ts';
import { customGroups, customSchemas, kubernetesSchemas, problemsOf, type Manifest } from './manifests.ts';
import { podOf, valueOf, withPods } from './pods.ts';

const kubernetes = await fetchKubernetesSchemas();
const custom = await fetchCustomResources();

const isCustom = ({ apiVersion }: Manifest): boolean => customGroups.some((group) => apiVersion.startsWith(`${group}/`));
const misspelt = (manifest: Manifest | undefined, field: string): Manifest =>
  JSON.parse(JSON.stringify(manifest).replace(`"${field}"`, `"${field.toLowerCase()}"`)) as Manifest;

describeWhere('what Kubernetes takes', { why: kubernetes.why }, () => {
  const schemas = kubernetesSchemas(kubernetes.folder ?? '');

  describeCharts('is what the chart renders', ({ render }) => {
    it.each(Object.entries(good))('with %s', async (_what, values) => {
      const manifests = (await render(values)).filter((manifest) => !isCustom(manifest));
      expect(manifests.length).toBeGreaterThan(1);
      expect(problemsOf(schemas, manifests)).toEqual([]);
    });

    it('and would not be with a misspelt field', async () => {
      const deployment = (await render({ base })).find(({ kind }) => kind === 'Deployment');
      expect(problemsOf(schemas, [misspelt(deployment, 'readOnlyRootFilesystem')])).not.toEqual([]);
    });
  });
});

describeWhere('what KEDA and the Prometheus operator take', { why: custom.why }, () => {
  const schemas = customSchemas(custom.folder ?? '');

  describeCharts('is what the chart renders', ({ render }) => {
    it.each(Object.entries(good))('with %s', async (_what, values) => {
      expect(problemsOf(schemas, (await render(values)).filter(isCustom))).toEqual([]);
    });

    it('and would not be with a misspelt field', async () => {
      const manifests = (await render({ base })).filter(isCustom);
      expect(new Set(manifests.map(({ kind }) => kind))).toEqual(new Set(['ScaledObject', 'PodMonitor', 'PrometheusRule']));
      const scaled = manifests.find(({ kind }) => kind === 'ScaledObject');
      expect(problemsOf(schemas, [misspelt(scaled, 'scaleTargetRef')])).not.toEqual([]);
    });
  });
});

describeCharts('what the chart renders', ({ render }) => {
  it.each(Object.entries(good))('runs every pod restricted, with %s', async (_what, values) => {
    const manifests = withPods(await render(values));
    expect(manifests.length).toBeGreaterThan(0);
    for (const pod of manifests.map(podOf)) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(pod.hostNetwork).toBeUndefined();
      expect(pod.volumes.filter((volume) => 'hostPath' in volume)).toEqual([]);
      for (const { securityContext, env } of pod.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          privileged: false,
          capabilities: { drop: ['ALL'] },
        });
        // A secret is named, never written down.
        expect(env.filter(({ name, value }) => /PASSWORD$|TOKEN$|USER(NAME)?$/.test(name) && value !== undefined)).toEqual([]);
      }
    }
  });

  it.each(Object.entries(good))('gives every service longer to end than it takes to drain, with %s', async (_what, values) => {
    // The console, which has nothing to finish, is none.
    const services = withPods(await render(values)).filter(
      ({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] !== 'console',
    );
    for (const pod of services.filter(({ kind }) => kind === 'Deployment').map(podOf)) {
      const drain = Number(/^(\d+)s$/.exec(valueOf(pod, /_DRAIN$/))?.[1]);
      expect(drain).toBeGreaterThan(0);
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(drain + 5);
    }
  });

  it.each(Object.entries(good))('never has a replica count beside an autoscaler, nor two autoscalers, with %s', async (_what, values) => {
    const manifests = await render(values);
    for (const { metadata, spec } of manifests.filter(({ kind }) => kind === 'Deployment')) {
      const scalers = manifests.filter(
        (one) =>
          ['HorizontalPodAutoscaler', 'ScaledObject'].includes(one.kind) &&
          (one.spec as { readonly scaleTargetRef: { readonly name: string } }).scaleTargetRef.name === metadata.name,
      );
      const { replicas } = spec as { readonly replicas?: number };
      expect(scalers.length).toBe(replicas === undefined ? 1 : 0);
    }
  });
});
