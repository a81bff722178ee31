import type { Values } from './helm.ts';

/** What most of them change. */
export const base = 'on-premise';

/** Values that must work, by what they are about. */
export const good: Readonly<Record<string, Values>> = {
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
  'a console': { base, values: { console: { enabled: true } } },
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
export const wrong: readonly (readonly [what: string, values: Values, names: readonly string[]])[] = [
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
  ['a misspelt key of the console', { base, values: { console: { enable: true } } }, ['console', 'enable']],
  ['no values at all', {}, ['database.mssql.server']],
];
