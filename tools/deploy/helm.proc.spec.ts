import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fetchCustomResources, fetchHelm, fetchKubernetesSchemas } from './fetch.ts';
import { createHelm, type Values } from './helm.ts';
import { createManifestCheck, parseManifests, type Manifest } from './manifests.ts';

const base = 'on-premise';

/** Values that must work, by what they are about. */
const good: Readonly<Record<string, Values>> = {
  'on-premise': { base: 'on-premise' },
  'google-cloud': { base: 'google-cloud' },
  trial: { base: 'trial' },
  'fixed replicas': { base, values: { defaults: { autoscaling: { kind: 'none' }, replicas: 3 } } },
  'autoscaling by CPU and memory': {
    base,
    values: {
      defaults: { autoscaling: { kind: 'hpa', hpa: { memoryPercent: 80, behavior: { scaleDown: { stabilizationWindowSeconds: 600 } } } } },
    },
  },
  'a Prometheus trigger for one phase': {
    base,
    values: {
      phases: {
        publisher: {
          autoscaling: {
            keda: { trigger: 'prometheus', prometheus: { serverAddress: 'http://prometheus:9090', query: 'sum(x)', threshold: 5 } },
          },
        },
      },
    },
  },
  'logins from variables': { base, values: { database: { mssql: { as: 'env' } }, internal: { kafka: { sasl: { as: 'env' } } } } },
  'a token and a client certificate': {
    base,
    values: { internal: { kafka: { sasl: { mechanism: 'oauthbearer' }, tls: { certKey: 'tls.crt', keyKey: 'tls.key' } } } },
  },
  'a managed identity of Azure': {
    base,
    values: {
      database: { mssql: { login: 'azure-managed-identity', clientId: '00000000-0000-0000-0000-000000000001', existingSecret: '' } },
    },
  },
  'an application of Azure': {
    base,
    values: { database: { mssql: { login: 'azure-service-principal', clientId: 'c', tenantId: 't' } } },
  },
  'an instance, its certificate and every limit': {
    base,
    values: {
      database: {
        mssql: {
          ...{ port: null, instance: 'STREAMS', certificateName: 'sql.example', encrypt: 'strict', caFile: '/etc/ca/ca.crt' },
          ...{ connectTimeout: '30s', requestTimeout: '5m', lockTimeout: '500ms', trustServerCertificate: true },
        },
      },
      internal: { kafka: { clientId: 'streams' } },
    },
  },
  tracing: { base, values: { tracing: { enabled: true, endpoint: 'http://collector.tracing:4318', samplerArg: '0.01' } } },
  'everything for the pod': {
    base,
    values: {
      env: [{ name: 'SHOP_PASSWORD', valueFrom: { secretKeyRef: { name: 'shop', key: 'password' } } }],
      volumes: [{ name: 'ca', configMap: { name: 'ca' } }],
      volumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
      image: { pullSecrets: ['registry'] },
      defaults: {
        envFrom: [{ secretRef: { name: 'more' } }],
        tolerations: [{ key: 'streams', operator: 'Exists' }],
        nodeSelector: { disk: 'fast' },
        affinity: { podAntiAffinity: {} },
        priorityClassName: 'high',
        runtimeClassName: 'gvisor',
        podAnnotations: { a: 'b' },
        podLabels: { team: 'streams' },
        hostAliases: [{ ip: '10.0.0.1', hostnames: ['sql'] }],
        settings: { BATCH_RECORDS_MAX: '5000' },
        topologySpread: { constraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] },
      },
    },
  },
  'accounts of somebody else': {
    base,
    values: {
      defaults: { serviceAccount: { create: false, name: 'existing' } },
      migration: { serviceAccount: { create: false, name: 'existing' } },
    },
  },
  'without what is optional': {
    base,
    values: {
      migration: { enabled: false },
      networkPolicy: { enabled: false },
      defaults: { podDisruptionBudget: { enabled: false }, topologySpread: { enabled: false } },
      monitoring: { podMonitor: { enabled: false }, prometheusRule: { enabled: false }, dashboards: { enabled: false } },
    },
  },
  'one phase alone': {
    base,
    values: { phases: { ingestor: { enabled: false }, summariser: { enabled: false }, publisher: { enabled: false } } },
  },
  'a network that names its neighbours': {
    base,
    values: {
      networkPolicy: {
        metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
        egressTo: [{ ipBlock: { cidr: '10.0.0.0/8' } }],
        extraEgress: [{ ports: [{ port: 443, protocol: 'TCP' }] }],
      },
    },
  },
  'a volume that is there': { base: 'trial', values: { database: { sqlite: { existingClaim: 'rows' } }, nameOverride: 'streams' } },
};

const phase = (values: object): Values => ({ base, values: { phases: { flattener: values } } });

/** Values that must be refused, with what the message must name. */
const wrong: readonly (readonly [what: string, values: Values, names: readonly string[]])[] = [
  ['a misspelt key at the top', { base, values: { databse: {} } }, ['databse']],
  ['a misspelt key of a phase', phase({ autoscalling: { kind: 'hpa' } }), ['autoscalling', 'flattener']],
  ['a phase that does not exist', { base, values: { phases: { flatener: {} } } }, ['flatener']],
  ['a misspelt setting of a service', phase({ settings: { BATCH_RECORD_MAX: '1' } }), ['BATCH_RECORD_MAX']],
  ['a setting that is no text', phase({ settings: { BATCH_RECORDS_MAX: 5000 } }), ['BATCH_RECORDS_MAX']],
  ['an unknown kind of autoscaling', phase({ autoscaling: { kind: 'both' } }), ['kind']],
  ['replicas beside autoscaling', phase({ replicas: 3 }), ['phases.flattener', 'replicas', 'exclude each other']],
  [
    'a drain longer than the grace period',
    phase({ drainSeconds: 60 }),
    ['phases.flattener', 'terminationGracePeriodSeconds (60)', 'drainSeconds (60)'],
  ],
  ['more replicas than lanes', phase({ autoscaling: { maxReplicas: 64 } }), ['phases.flattener', '64 replicas', '32 lanes']],
  ['a least above the most', phase({ autoscaling: { minReplicas: 9 } }), ['phases.flattener', 'minReplicas']],
  [
    'a Prometheus trigger without a server',
    phase({ autoscaling: { keda: { trigger: 'prometheus' } } }),
    ['phases.flattener', 'serverAddress'],
  ],
  ['a broker without a port', { base, values: { internal: { kafka: { brokers: ['kafka'] } } } }, ['brokers']],
  [
    'an ingestor scaled by no group',
    { base, values: { phases: { ingestor: { autoscaling: { keda: { kafka: { consumerGroup: '' } } } } } } },
    ['consumerGroup', 'dsf-prod.dsf.ingest.'],
  ],
  ['no broker', { base, values: { internal: { kafka: { brokers: [] } } } }, ['internal.kafka.brokers']],
  [
    'Pub/Sub scaled by the lag of a topic on Kafka',
    { base: 'google-cloud', values: { defaults: { autoscaling: { keda: { trigger: 'kafka' } } } } },
    ['phases.', 'internal.transport is pubsub', 'prometheus'],
  ],
  [
    'Pub/Sub beside brokers',
    { base: 'google-cloud', values: { internal: { kafka: { brokers: ['kafka:9092'] } } } },
    ['internal.kafka.brokers', 'pubsub'],
  ],
  [
    'BigQuery without a project',
    { base, values: { warehouse: { kind: 'bigquery', bigquery: { location: 'EU' } } } },
    ['warehouse.bigquery.project'],
  ],
  [
    'BigQuery without a place',
    { base, values: { warehouse: { kind: 'bigquery', bigquery: { project: 'shop' } } } },
    ['warehouse.bigquery.location'],
  ],
  ['a project of BigQuery that nothing uses', { base: 'google-cloud', values: { warehouse: { kind: 'database' } } }, ['warehouse.kind']],
  [
    'a dataset that BigQuery does not take',
    { base: 'google-cloud', values: { warehouse: { bigquery: { dataset: 'my-rows' } } } },
    ['dataset'],
  ],
  ['a region that is none', { base: 'google-cloud', values: { internal: { pubsub: { region: 'Europe' } } } }, ['region']],
  ['a pool too small for the services', { base, values: { database: { mssql: { poolMax: 1 } } } }, ['poolMax']],
  ['no Secret for the database', { base, values: { database: { mssql: { existingSecret: '' } } } }, ['database.mssql.existingSecret']],
  [
    'a managed identity beside a Secret',
    { base, values: { database: { mssql: { login: 'azure-managed-identity' } } } },
    ['database.mssql.existingSecret', 'azure-managed-identity'],
  ],
  [
    'an application of Azure without a tenant',
    { base, values: { database: { mssql: { login: 'azure-service-principal', clientId: 'c' } } } },
    ['database.mssql.clientId and tenantId'],
  ],
  ['an identity for a login with a password', { base, values: { database: { mssql: { clientId: 'c' } } } }, ['login is sql']],
  ['a login that there is not', { base, values: { database: { mssql: { login: 'windows' } } } }, ['login']],
  ['a limit without a unit', { base, values: { database: { mssql: { requestTimeout: '60' } } } }, ['requestTimeout']],
  ['neither port nor instance', { base, values: { database: { mssql: { port: null } } } }, ['database.mssql.port']],
  ['a password in the values', { base, values: { database: { mssql: { password: 'secret' } } } }, ['password']],
  ['SQLite for several pods', { base, values: { database: { kind: 'sqlite' } } }, ['sqlite', 'mode']],
  ['a single pod on Kafka', { base: 'trial', values: { internal: { transport: 'kafka' } } }, ['internal.transport']],
  ['a database that there is no adapter for', { base, values: { database: { kind: 'bigquery' } } }, ['kind']],
  ['tracing to nowhere', { base, values: { tracing: { enabled: true } } }, ['tracing.endpoint']],
  ['root', { base, values: { podSecurity: { runAsUser: 0 } } }, ['runAsUser']],
  ['a folder of the node as a volume', { base, values: { volumes: [{ name: 'x', hostPath: { path: '/' } }] } }, ['hostPath']],
  ['a memory limit in words', phase({ resources: { limits: { memory: 'lots' } } }), ['memory']],
  ['no values at all', {}, ['database.mssql.server']],
];

interface Container {
  readonly name: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly resources: { readonly limits?: { readonly memory?: string } };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly mountPath: string }[];
}
interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly hostNetwork?: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly Container[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
}

const podOf = ({ spec }: Manifest): PodSpec => (spec as { readonly template: { readonly spec: PodSpec } }).template.spec;
const withPods = (manifests: readonly Manifest[]): readonly Manifest[] =>
  manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
const valueOf = (pod: PodSpec, name: RegExp): string => pod.containers[0]?.env.find((one) => name.test(one.name))?.value ?? '';

const kubernetes = await fetchKubernetesSchemas();
const custom = await fetchCustomResources();
const why = kubernetes.why ?? custom.why;
const check = why === null ? createManifestCheck(kubernetes.folder ?? '', custom.folder ?? '') : () => [];

for (const major of [3, 4] as const) {
  const fetched = await fetchHelm(major);
  const helm = createHelm(join(fetched.folder ?? '', 'helm'));
  const render = async (values: Values): Promise<readonly Manifest[]> => {
    const { ok, stdout, said } = await helm.template(values);
    expect(ok, said).toBe(true);
    return parseManifests(stdout);
  };

  // Most of the time is Helm's own start, so several are asked at once.
  describe.skipIf(fetched.why !== null)(
    `the chart with Helm ${major}${fetched.why === null ? '' : `: ${fetched.why}`}`,
    { concurrent: true },
    () => {
      it('is rendered by the Helm that it says', async () => {
        expect(await helm.version()).toMatch(new RegExp(`^v${major}\\.`));
      });

      it.each(Object.entries(good))('passes the strict linter with %s', async (_what, values) => {
        const { ok, said } = await helm.lint(values);
        expect(ok, said).toBe(true);
      });

      it.each(wrong)('refuses %s, and names it', async (_what, values, names) => {
        const { ok, said } = await helm.template(values);
        expect(ok).toBe(false);
        for (const name of names) expect(said).toContain(name);
      });

      it('tells what to do next', async () => {
        const saidOf = async (file: string): Promise<string> =>
          (await (major === 3 ? helm.renderedNotes({ base: file }) : helm.notes({ base: file }))).said;
        const said = await saidOf('on-premise');
        expect(said).toContain('dsf apply');
        expect(said).toContain('rows are there, too; internal topics are on Kafka');
        expect(await saidOf('google-cloud')).toContain('rows are in BigQuery; internal topics are on Google Cloud Pub/Sub');
        expect(await saidOf('trial')).toContain('This is a trial');
      });

      describe.skipIf(why !== null)(`what it renders${why === null ? '' : `: ${why}`}`, () => {
        it.each(Object.entries(good))('is what Kubernetes, KEDA and the Prometheus operator take, with %s', async (_what, values) => {
          const manifests = await render(values);
          expect(manifests.length).toBeGreaterThan(1);
          expect(check(manifests)).toEqual([]);
        });

        it('would be refused with a misspelt or missing field', async () => {
          const deployment = (await render({ base })).find(({ kind }) => kind === 'Deployment');
          const misspelt = JSON.parse(
            JSON.stringify(deployment).replace('"readOnlyRootFilesystem"', '"readonlyRootFilesystem"'),
          ) as Manifest;
          expect(check([misspelt])).not.toEqual([]);
          const scaled = (await render({ base })).find(({ kind }) => kind === 'ScaledObject');
          expect(check([JSON.parse(JSON.stringify(scaled).replace('"triggers"', '"trigers"')) as Manifest])).not.toEqual([]);
        });
      });

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
        for (const pod of (await render(values)).filter(({ kind }) => kind === 'Deployment').map(podOf)) {
          const drain = Number(/^(\d+)s$/.exec(valueOf(pod, /_DRAIN$/))?.[1]);
          expect(drain).toBeGreaterThan(0);
          expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(drain + 5);
        }
      });

      it.each(Object.entries(good))(
        'never has a replica count beside an autoscaler, nor two autoscalers, with %s',
        async (_what, values) => {
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
        },
      );

      it('leaves Node.js as much heap as the memory limit allows', async () => {
        const [pod] = (await render({ base, values: { defaults: { resources: { limits: { memory: '2Gi' } }, heapPercent: 50 } } }))
          .filter(({ metadata }) => metadata.name === 'dsf-publisher')
          .filter(({ kind }) => kind === 'Deployment')
          .map(podOf);
        expect(pod && valueOf(pod, /^NODE_OPTIONS$/)).toBe('--max-old-space-size=1024');
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
    },
  );
}
