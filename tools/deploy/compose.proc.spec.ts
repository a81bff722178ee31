import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSections } from '@dsf/config';
import { definitionsSchema } from '@dsf/metadata';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeWhere } from './describe-where.ts';
import { fetchComposeSchema } from './fetch.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly args: Readonly<Record<string, string>> };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const apps = ['ingestor', 'flattener', 'summariser', 'publisher'];

const fetched = await fetchComposeSchema();

describeWhere('docker-compose.yml', { why: fetched.why }, () => {
  it('is what Docker Compose takes', () => {
    const { $schema: _dialect, ...schema } = JSON.parse(readFileSync(join(fetched.folder ?? '', 'compose-spec.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const validate = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ services: { a: { imag: 'x' } } })).toBe(false);
  });
});

describe('what docker-compose.yml brings up', () => {
  it('is Kafka, SQL Server, the four services, Prometheus and Grafana', () => {
    const names = services.map(([name]) => name);
    for (const name of ['kafka', 'sqlserver', ...apps, 'prometheus', 'grafana']) expect(names).toContain(name);
    for (const app of apps) expect(compose.services[app]?.build?.args).toEqual({ APP: app });
  });

  it('starts nothing before what it needs, and loads the example before the services run', () => {
    for (const [name, { depends_on: needs = {} }] of services)
      for (const other of Object.keys(needs)) expect(compose.services[other], `${name} needs ${other}`).toBeDefined();
    for (const app of apps)
      expect(compose.services[app]?.depends_on).toMatchObject({ setup: { condition: 'service_completed_successfully' } });
  });

  it('mounts files that are there, and volumes that are declared', () => {
    for (const [, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const [from = ''] = volume.split(':');
        if (from.startsWith('./')) expect(existsSync(from), from).toBe(true);
        else expect(Object.keys(compose.volumes)).toContain(from);
      }
    }
  });

  it('is open to this machine alone, and has exact versions', () => {
    for (const [name, { ports = [], image }] of services) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
      expect([name, image]).toEqual([name, expect.stringMatching(/:(?!latest$)[\w.-]+$/)]);
    }
  });

  it('runs what is ours without rights, and without a password in the file', () => {
    for (const name of [...apps, 'setup']) {
      expect(compose.services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      const environment = compose.services[name]?.environment ?? {};
      expect(Object.keys(environment).filter((variable) => /PASSWORD$|TOKEN$|SECRET$/.test(variable))).toEqual([]);
    }
  });

  it('has a pipeline whose definitions are right', () => {
    expect(definitionsSchema.safeParse(parse(readFileSync('deploy/compose/shop.yaml', 'utf8'))).success).toBe(true);
  });
});

it('the chart has a value for every setting of SQL Server, of BigQuery, of the topics between the services, and of a service', () => {
  const template = readFileSync('helm/dsf/templates/_env.tpl', 'utf8');
  const variables = configSections.flatMap(({ settings }) => Object.values(settings).map(({ variable }) => variable));
  // Of `dsf topics` alone, and of tests.
  const elsewhere = ['DSF_INTERNAL_REPLICATION', 'DSF_INTERNAL_RETENTION', 'DSF_BIGQUERY_EMULATOR_REST', 'DSF_BIGQUERY_EMULATOR_GRPC'];
  const deployed = variables.filter((variable) => /^DSF_(MSSQL|BIGQUERY|INTERNAL)_/.test(variable) && !elsewhere.includes(variable));
  expect(deployed.length).toBeGreaterThan(25);
  expect(deployed.filter((variable) => !new RegExp(`\\b${variable}\\b`).test(template))).toEqual([]);
  const schema = JSON.parse(readFileSync('helm/dsf/values.schema.json', 'utf8')) as {
    readonly $defs: {
      readonly phase: { readonly properties: { readonly settings: { readonly propertyNames: { readonly enum: string[] } } } };
    };
  };
  const own = variables.flatMap((variable) => /^FLATTENER_(.+)$/.exec(variable)?.[1] ?? []);
  // The chart sets the port itself, and the drain by `drainSeconds`.
  const settable = own.filter((name) => name !== 'HTTP_PORT' && name !== 'DRAIN');
  expect(schema.$defs.phase.properties.settings.propertyNames.enum.toSorted()).toEqual(settable.toSorted());
});

it('deployments set no variable that no process reads', () => {
  const known = new Set(
    configSections.flatMap(({ settings }) => Object.values(settings).flatMap(({ variable }) => [variable, `${variable}_FILE`])),
  );
  const chart = readFileSync('helm/dsf/templates/_env.tpl', 'utf8');
  const used = new Set([
    ...services.flatMap(([, { environment = {} }]) => Object.keys(environment)),
    ...[...chart.matchAll(/name: (DSF_\w+)|"(DSF_\w+)"/g)].map(([, plain, quoted]) => plain ?? quoted ?? ''),
  ]);
  const ours = [...used].filter((variable) => /^(DSF|INGESTOR|FLATTENER|SUMMARISER|PUBLISHER)_/.test(variable));
  expect(ours.length).toBeGreaterThan(20);
  expect(ours.filter((variable) => !known.has(variable))).toEqual([]);
});
