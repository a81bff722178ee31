import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse, parseAllDocuments } from 'yaml';
import { kubernetesVersions } from './fetch.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

/** The documents of a rendered chart. */
export const parseManifests = (text: string): readonly Manifest[] =>
  parseAllDocuments(text).flatMap((document): readonly Manifest[] => {
    if (document.errors.length > 0) throw new Error(`a manifest is no YAML: ${document.errors[0]?.message ?? ''}`);
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });

type Schema = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema with every object closed: a misspelt field, which the API server drops in silence, is an error. */
const closed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isObject(schema)) return schema;
  if (schema['x-kubernetes-int-or-string'] === true) return { type: ['integer', 'string'] };
  const mapped = Object.fromEntries(
    Object.entries(schema)
      // Go's flags inside a pattern are none of JavaScript's.
      .filter(([key, value]) => !(key === 'pattern' && typeof value === 'string' && value.includes('(?i)')))
      .map(([key, value]) => [key, closed(value)]),
  );
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || schema['additionalProperties'] !== undefined;
  return isObject(schema['properties']) && !open ? { ...mapped, additionalProperties: false } : mapped;
};

const newAjv = (): Ajv2020 => new Ajv2020({ strict: false, allErrors: true, validateFormats: false, logger: false });

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

/** Definitions name their group, version and kind. */
const kubernetesValidator = (folder: string, version: string): ((manifest: Manifest) => ValidateFunction | null) => {
  const { $defs } = JSON.parse(readFileSync(join(folder, `${version}.json`), 'utf8')) as { readonly $defs: Record<string, Schema> };
  const ajv = newAjv();
  ajv.addSchema({ $id: 'kubernetes', $defs: Object.fromEntries(Object.entries($defs).map(([name, one]) => [name, closed(one)])) });
  const names = new Map<string, string>();
  for (const [name, one] of Object.entries($defs)) {
    const kinds = (one['x-kubernetes-group-version-kind'] ?? []) as readonly { group: string; version: string; kind: string }[];
    for (const { group, version: of, kind } of kinds) names.set(`${group}/${of}/${kind}`, name);
  }
  return ({ apiVersion, kind }) => {
    const name = names.get(`${groupOf(apiVersion)}/${apiVersion.split('/').at(-1) ?? ''}/${kind}`);
    return name === undefined ? null : (ajv.getSchema(`kubernetes#/$defs/${name}`) ?? null);
  };
};

interface CustomResource {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const withMetadata = (schema: Schema): unknown => {
  const properties = schema['properties'] as Schema;
  return closed({ ...schema, properties: { ...properties, metadata: { type: 'object', additionalProperties: true } } });
};

const customValidator = (folder: string, files: readonly string[]): ((manifest: Manifest) => ValidateFunction | null) => {
  const validators = new Map<string, ValidateFunction>();
  for (const file of files) {
    const { spec } = parse(readFileSync(join(folder, file), 'utf8')) as CustomResource;
    for (const { name, schema } of spec.versions)
      validators.set(`${spec.group}/${name} ${spec.names.kind}`, newAjv().compile(withMetadata(schema.openAPIV3Schema) as Schema));
  }
  return ({ apiVersion, kind }) => validators.get(`${apiVersion} ${kind}`) ?? null;
};

/** What finds a manifest's schema: null where it has none. */
export interface Schemas {
  /** For people. */
  readonly version: string;
  readonly find: (manifest: Manifest) => ValidateFunction | null;
}

/** API groups of the custom resources that the chart uses. */
export const customGroups = ['keda.sh', 'monitoring.coreos.com'] as const;

const customFiles = ['keda.sh_scaledobjects.yaml', 'monitoring.coreos.com_podmonitors.yaml', 'monitoring.coreos.com_prometheusrules.yaml'];

/** @param folder - of `fetchKubernetesSchemas` */
export const kubernetesSchemas = (folder: string): readonly Schemas[] =>
  kubernetesVersions.map((version) => ({ version, find: kubernetesValidator(folder, version) }));

/** @param folder - of `fetchCustomResources` */
export const customSchemas = (folder: string): readonly Schemas[] => [{ version: 'custom', find: customValidator(folder, customFiles) }];

/** @returns for each manifest the problems that a schema finds; one that no schema knows is a problem itself */
export const problemsOf = (schemas: readonly Schemas[], manifests: readonly Manifest[]): readonly string[] =>
  manifests.flatMap((manifest) =>
    schemas.flatMap(({ version, find }) => {
      const where = `${version} ${manifest.kind} ${manifest.metadata.name}`;
      const validate = find(manifest);
      if (validate === null) return [`${where}: no schema`];
      if (validate(manifest)) return [];
      return (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${where}: ${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
      );
    }),
  );
