import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { base } from './chart-values.ts';
import { describeCharts } from './charts.ts';
import type { Values } from './helm.ts';
import type { Manifest } from './manifests.ts';
import { podOf, valueOf, withPods } from './pods.ts';

describeCharts('the chart', ({ helm, render }) => {
  it('leaves Node.js as much heap as the memory limit allows', async () => {
    const [pod] = (await render({ base, values: { defaults: { resources: { limits: { memory: '2Gi' } }, heapPercent: 50 } } }))
      .filter(({ metadata }) => metadata.name === 'dsf-publisher')
      .filter(({ kind }) => kind === 'Deployment')
      .map(podOf);
    expect(pod && valueOf(pod, /^NODE_OPTIONS$/)).toBe('--max-old-space-size=1024');
  });

  it('lets a service wait for its database at the start for longer than it takes until somebody is called', async () => {
    const waits = (await render({ base }))
      .filter(({ kind }) => kind === 'Deployment')
      .map((manifest) => podOf(manifest).containers[0]?.startupProbe)
      .map((probe) => (probe?.periodSeconds ?? 0) * (probe?.failureThreshold ?? 0));
    expect(waits.length).toBe(4);
    const { groups } = parse(readFileSync('deploy/prometheus/rules.yaml', 'utf8')) as {
      readonly groups: readonly { readonly rules: readonly { readonly alert?: string; readonly for?: string }[] }[];
    };
    const calls = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === 'DsfBreakerOpen');
    const minutes = Number(/^(\d+)m$/.exec(calls?.for ?? '')?.[1]);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(3 * minutes * 60);
  });

  it('logs in to Azure without a user, a password, or a Secret where the identity needs none', async () => {
    const of = async (values: object): Promise<Manifest | undefined> =>
      (await render({ base, values: { database: { mssql: values } } })).find(({ kind }) => kind === 'Deployment');
    const identity = JSON.stringify(await of({ login: 'azure-managed-identity', clientId: 'c', existingSecret: '' }));
    expect(identity).toContain('"name":"DSF_MSSQL_LOGIN","value":"azure-managed-identity"');
    for (const word of ['DSF_MSSQL_USER', 'DSF_MSSQL_PASSWORD', 'DSF_MSSQL_CLIENT_SECRET', 'database-login'])
      expect(identity).not.toContain(word);
    const application = JSON.stringify(await of({ login: 'azure-service-principal', clientId: 'c', tenantId: 't' }));
    expect(application).toContain('"name":"DSF_MSSQL_CLIENT_SECRET_FILE","value":"/etc/dsf/database/client-secret"');
    expect(application).not.toContain('DSF_MSSQL_PASSWORD');
  });

  it('migrates before an installation and an upgrade, under its own account', async () => {
    const manifests = await render({ base });
    const job = manifests.find(({ kind }) => kind === 'Job');
    expect(job?.metadata.annotations).toMatchObject({ 'helm.sh/hook': 'pre-install,pre-upgrade' });
    const account = job && podOf(job).serviceAccountName;
    const own = manifests.find(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === account);
    // A hook runs before everything else is there: what it needs must be a hook too, and earlier.
    expect(own?.metadata.annotations).toMatchObject({ 'helm.sh/hook': 'pre-install,pre-upgrade', 'helm.sh/hook-weight': '-10' });
  });

  it('has a console where it is asked for, with the variables and logins of the services, that begins nothing by itself', async () => {
    const consoleOf = async (values: Values): Promise<Manifest | undefined> =>
      (await render(values)).find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'dsf-console');
    expect(await consoleOf({ base })).toBeUndefined();
    const values = { base, values: { console: { enabled: true } } };
    const found = await consoleOf(values);
    const service = (await render(values)).find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'dsf-flattener');
    const [own, its] = [found, service].map((one) => one && podOf(one));
    expect(own?.containers[0]).toMatchObject({ command: ['sleep', 'infinity'], image: expect.stringContaining('/dsf/dsf:') });
    expect(own?.serviceAccountName).toBe('dsf-console');
    const wiring = (pod: typeof own): readonly unknown[] =>
      (pod?.containers[0]?.env ?? []).filter(({ name }) => /^DSF_(DATABASE|MSSQL|INTERNAL|WAREHOUSE)/.test(name));
    expect(wiring(own).length).toBeGreaterThan(8);
    expect(wiring(own)).toEqual(wiring(its));
    expect(own?.volumes).toEqual(its?.volumes);
    const { said } = await helm.template({ base: 'trial', values: { console: { enabled: true } } });
    expect(said).not.toContain('dsf-console');
  });

  it('has an account for each phase, with the annotations of its workload identity', async () => {
    const accounts = (await render({ base: 'google-cloud' })).filter(({ kind }) => kind === 'ServiceAccount');
    const identities = accounts
      .map(({ metadata }) => metadata.annotations?.['iam.gke.io/gcp-service-account'])
      .filter((one) => one !== undefined);
    expect(new Set(identities).size).toBe(4);
  });

  it('tells every service of BigQuery, lets it out to it, and nobody else', async () => {
    const manifests = await render({ base: 'google-cloud' });
    const pods = manifests.filter(({ kind }) => kind === 'Deployment').map(podOf);
    expect(pods.length).toBe(4);
    for (const pod of pods) {
      expect(valueOf(pod, /^DSF_WAREHOUSE$/)).toBe('bigquery');
      expect(['PROJECT', 'DATASET', 'LOCATION'].map((name) => valueOf(pod, new RegExp(`^DSF_BIGQUERY_${name}$`)))).toEqual([
        'my-project',
        'dsf',
        'EU',
      ]);
    }
    const policy = manifests.find(({ kind }) => kind === 'NetworkPolicy');
    expect(JSON.stringify(policy?.spec)).toContain('"port":443');
    for (const pod of withPods(await render({ base })).map(podOf)) expect(valueOf(pod, /^DSF_WAREHOUSE$/)).toBe('');
  });

  it('scales each phase by the topic and group that it reads', async () => {
    const triggers = (await render({ base }))
      .filter(({ kind }) => kind === 'ScaledObject')
      .map(
        ({ spec }) =>
          (spec as { readonly triggers: readonly { readonly metadata: Readonly<Record<string, string>> }[] }).triggers[0]?.metadata,
      )
      .map((metadata) => `${metadata?.['topic'] ?? ''} ${metadata?.['consumerGroup'] ?? ''}`);
    expect(triggers.sort()).toEqual([
      'dsf-prod.dsf.points dsf-prod.dsf.summarise',
      'dsf-prod.dsf.raw dsf-prod.dsf.flatten',
      'dsf-prod.dsf.summary dsf-prod.dsf.publish',
      'shop.orders dsf-prod.dsf.ingest.shop.orders',
    ]);
  });

  it('brings the dashboards and the rules along as they are in deploy', async () => {
    const manifests = await render({ base });
    expect(manifests.filter(({ kind }) => kind === 'ConfigMap').length).toBeGreaterThan(5);
    const rule = manifests.find(({ kind }) => kind === 'PrometheusRule');
    expect(parse(readFileSync('deploy/prometheus/rules.yaml', 'utf8'))).toEqual(rule?.spec);
    const elsewhere = await helm.template({
      base,
      values: { monitoring: { prometheusRule: { runbookUrl: 'https://wiki.example/dsf/' } } },
    });
    expect(elsewhere.stdout).toContain('runbook_url: https://wiki.example/dsf/stopped.md');
  });
});
