import { z } from 'zod';
import * as schemas from './definitions.ts';
import { unwrapped } from './yaml/schema-fields.ts';

/*
 * The reference of all definitions, made from the schemas so that it cannot fall behind them.
 */

interface Section {
  readonly title: string;
  readonly schema: z.ZodObject;
  readonly intro: string;
  readonly example: string;
}

const sections: readonly Section[] = [
  {
    title: 'Settings',
    schema: schemas.settings,
    intro: '',
    example: `settings:\n  lanes: 8`,
  },
  {
    title: 'Source',
    schema: schemas.sourceDefinition,
    intro: '',
    example: `sources:\n  - name: shop.orders\n    topic: orders\n    key: message_key\n    filter: status != "test"\n    paths:\n      customer: columns\n      tags: { policy: join, separator: ";" }\n      total: { type: decimal }\n    sample: orders.jsonl`,
  },
  {
    title: 'Path rule',
    schema: schemas.pathRule,
    intro: 'A value of `paths` of a source. A bare policy such as `columns` is short for `{ policy: columns }`.',
    example: `paths:\n  shipping.address: json\n  items.*.price: { type: decimal }\n  tags: { policy: join, separator: ";" }`,
  },
  {
    title: 'Retention',
    schema: schemas.retentionDefinition,
    intro:
      'The value of `retention` of a source. What a purge keeps, and what frozen groups are: [operations.md](operations.md#retention).',
    example: `retention: { raw: 30d, rows: 400d }`,
  },
  {
    title: 'Driver',
    schema: schemas.driverDefinition,
    intro: '',
    example: `drivers:\n  - name: shop.revenue\n    inputs:\n      - { source: shop.orders, table: items }\n    key: { sku: items.sku }\n    event_time: created_at\n    window: { tumbling: 1h }\n    measures:\n      lines: count\n      revenue: sum(items.qty * items.price)\n      latest: 'list({"id": id, "qty": items.qty}, 50)'`,
  },
  {
    title: 'Driver input',
    schema: schemas.driverInput,
    intro: 'An entry of `inputs` of a driver.',
    example: `inputs:\n  - source: shop.orders\n  - source: shop.returns\n    expressions: { revenue: "-amount", orders: null }`,
  },
  {
    title: 'Measure',
    schema: schemas.measureObject,
    intro:
      'A value of `measures` of a driver, in long form. Short forms: `count`, `sum(total)`, `list(items.sku, 50)`. Built in: ' +
      `${schemas.measureFunctions.map((name) => `\`${name}\``).join(', ')}.`,
    example: `measures:\n  last_status: { function: last, of: status, type: text }`,
  },
  {
    title: 'Publication',
    schema: schemas.publicationDefinition,
    intro: '',
    example: `publications:\n  - name: revenue-by-sku\n    driver: shop.revenue\n    topic: revenue\n    body:\n      sku: key.sku\n      from: window.start\n      revenue: measures.revenue`,
  },
  {
    title: 'Connection',
    schema: schemas.connectionDefinition,
    intro: 'Used by `transport: kafka` and `transport: pubsub`. DSF creates no topics there.',
    example: `connections:\n  - name: plant\n    brokers: [kafka-1:9093, kafka-2:9093]\n    tls: { ca_file: /etc/dsf/ca.pem }\n    sasl: { mechanism: scram-sha-512, username_env: KAFKA_USER, password_file: /run/secrets/kafka }\nsources:\n  - { name: shop.orders, transport: kafka, connection: plant, topic: orders }`,
  },
  {
    title: 'TLS',
    schema: schemas.tlsDefinition,
    intro: 'Field `tls` of a connection.',
    example: `tls: { ca_file: /etc/dsf/ca.pem, cert_file: /etc/dsf/client.pem, key_file: /etc/dsf/client.key }`,
  },
  {
    title: 'SASL',
    schema: schemas.saslDefinition,
    intro: 'Field `sasl` of a connection.',
    example: `sasl: { mechanism: plain, username_env: KAFKA_USER, password_env: KAFKA_PASSWORD }`,
  },
];

const typeOf = (schema: z.core.$ZodType): string => {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${option}\``).join(', ');
  if (inner instanceof z.ZodLiteral) return [...inner.values].map((value) => `\`${String(value)}\``).join(', ');
  if (inner instanceof z.ZodUnion) return inner.options.map(typeOf).join(' or ');
  if (inner instanceof z.ZodArray) return `list of ${typeOf(inner.element)}`;
  if (inner instanceof z.ZodRecord) return `mapping of names to ${typeOf(inner.valueType)}`;
  if (inner instanceof z.ZodObject) {
    const section = sections.find(({ schema: known }) => known === inner);
    return section === undefined
      ? `{ ${Object.keys(inner.shape).join(', ')} }`
      : `[${section.title.toLowerCase()}](#${section.title.toLowerCase().replaceAll(' ', '-')})`;
  }
  if (inner instanceof z.ZodNumber || inner instanceof z.ZodNumberFormat) return numberType(inner);
  if (inner instanceof z.ZodBoolean) return '`true` or `false`';
  if (inner instanceof z.ZodISODateTime) return 'RFC 3339 time';
  return inner instanceof z.ZodString ? 'text' : 'any YAML';
};

const numberType = (schema: z.ZodNumber): string => {
  const [min, max] = [schema.minValue, schema.maxValue];
  return min !== null && max !== null ? `whole number, ${min} to ${max}` : 'number';
};

const defaultOf = (schema: z.core.$ZodType): string => {
  if (schema instanceof z.ZodDefault)
    return `\`${typeof schema.def.defaultValue === 'string' ? schema.def.defaultValue : JSON.stringify(schema.def.defaultValue)}\``;
  return schema instanceof z.ZodOptional ? '' : 'required';
};

/** Descriptions stand on the innermost schema or on one of its wrappers. */
const descriptionOf = (schema: z.core.$ZodType): string => {
  const own = z.globalRegistry.get(schema)?.description;
  if (own !== undefined) return own;
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable
    ? descriptionOf(schema.def.innerType)
    : '';
};

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');

/** A table with its columns lined up, as the formatter leaves it. */
const table = (rows: readonly (readonly string[])[]): string => {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => [...(row[column] ?? '')].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - [...text].length)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
};

const sectionText = ({ title, schema, intro, example }: Section): string => {
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  const rows = Object.entries(shape).map(([name, field]) => [
    `\`${name}\``,
    cell(typeOf(field)),
    cell(defaultOf(field)),
    cell(descriptionOf(field)),
  ]);
  const lead = [z.globalRegistry.get(schema)?.description ?? '', intro].filter((text) => text !== '').join(' ');
  const parts = [`## ${title}`, lead, table([['field', 'type', 'default', 'meaning'], ...rows]), ['```yaml', example, '```'].join('\n')];
  return parts.filter((part) => part !== '').join('\n\n');
};

const opening = `# Definitions

<!-- Made from libs/metadata/src/definitions.ts. Change the schemas there, then run libs/metadata/src/generate-docs.ts. -->

What DSF does is defined in YAML files, or in the config tables that they are applied to. A file holds a mapping with any of \`settings\`,
\`sources\`, \`drivers\`, \`publications\` and \`connections\`, or a list of such mappings; several files and folders are merged. For
completion and checks in your editor, begin the file with

\`\`\`yaml
# yaml-language-server: $schema=definitions.schema.json
\`\`\``;

const expressions = `## Expressions

Expressions are CEL, the Common Expression Language, over the paths of a message. What is particular here:

- Every number is an exact decimal: \`price * 1.1\` has no rounding. \`/\` rounds half to even at 12 fraction digits.
- A path is written as it is, \`customer.name\`; items of a list have the path of the list: \`items.price\`. A member that is no identifier
  is written \`customer["first name"]\`, at the root \`dsf.doc["first name"]\`.
- \`dsf.key\` is the message key, \`dsf.time\` the broker's timestamp, \`dsf.ingested\` when DSF took the message, \`dsf.headers["name"]\` a header.
- What is absent is null. \`==\` and \`!=\` compare null; \`&&\`, \`||\` and \`? :\` take it for not true; \`coalesce\`, \`min\` and \`max\` skip it; every
  other operator and function gives null, as in SQL.
- Functions: \`string\` \`int\` \`decimal\` \`double\` \`bool\` \`size\` \`abs\` \`floor\` \`ceil\` \`round\` \`min\` \`max\` \`lower\` \`upper\` \`lowerAscii\` \`upperAscii\`
  \`trim\` \`contains\` \`startsWith\` \`endsWith\` \`indexOf\` \`split\` \`join\` \`substring\` \`replace\` \`matches\` \`coalesce\` \`has\` \`timestamp\` (RFC 3339 or
  epoch ms) \`duration\` \`getFullYear\` \`getMonth\` \`getDate\` \`getDayOfMonth\` \`getDayOfWeek\` \`getDayOfYear\` \`getHours\` \`getMinutes\` \`getSeconds\`
  \`getMilliseconds\`; over lists \`exists\` \`all\` \`exists_one\` \`map\` \`filter\`. \`x.f(y)\` and \`f(x, y)\` are the same.`;

/** docs/definitions.md */
export const definitionsReference = (): string => `${[opening, ...sections.map(sectionText), expressions].join('\n\n')}\n`;
