import { z } from 'zod';

/*
 * What users define. These schemas are the single source of: the YAML files, the JSON Schema for editors, the reference in
 * docs/, and the immutable snapshot that a catalog version stores. Field descriptions are the reference's text.
 */

const name = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)*$/,
    'letters, digits, _ and -, in parts joined by dots; each part starts with a letter',
  )
  .max(120);
const expression = z.string().min(1).max(4000);

export const columnTypes = ['boolean', 'bigint', 'decimal', 'double', 'text', 'timestamp', 'date', 'json'] as const;
export const policyKinds = ['child', 'columns', 'child_scalar', 'map', 'json', 'first', 'last', 'join', 'count', 'drop'] as const;

export const pathRule = z
  .strictObject({
    policy: z
      .enum(policyKinds)
      .optional()
      .describe('How the object or list at this path is stored. Inherited by everything below it unless a longer path says otherwise.'),
    separator: z.string().max(10).optional().describe('For `join`: what stands between the items. Default `,`.'),
    name: z.string().min(1).max(128).optional().describe('Name of the column or child table, instead of the one made from the path.'),
    type: z.enum(columnTypes).optional().describe('Type of the column. Without it the type follows the values and widens when it must.'),
  })
  .describe('What to do with one path of the message.');

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable')
  .max(200);
const file = z.string().min(1).max(1000);
const connectionName = name.describe('Connection of `transport: kafka` or `pubsub`.');

const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const;

export const saslDefinition = z
  .strictObject({
    mechanism: z.enum(saslMechanisms).describe('How the user proves who it is.'),
    username_env: variable.optional().describe('Environment variable that holds the user name.'),
    username_file: file.optional().describe('File that holds the user name.'),
    password_env: variable.optional().describe('Environment variable that holds the password.'),
    password_file: file.optional().describe('File that holds the password.'),
    token_env: variable.optional().describe('For `oauthbearer`: environment variable that holds the token.'),
    token_file: file
      .optional()
      .describe('For `oauthbearer`: file that holds the token; read again for each connection, so that it may be renewed.'),
  })
  .describe('Login. Secrets stand in environment variables or files, never here; white space around them does not count.');

export const tlsDefinition = z
  .strictObject({
    ca_file: file.optional().describe('Certificate authority, PEM. Default: those that Node.js knows.'),
    cert_file: file.optional().describe('Certificate of the client, PEM.'),
    key_file: file.optional().describe('Key of the client, PEM.'),
  })
  .describe('Encryption. `{}` is enough where the broker has a certificate of a public authority.');

export const connectionDefinition = z
  .strictObject({
    name: name.describe('Name of the connection, unique.'),
    kind: z.enum(['kafka', 'pubsub']).default('kafka').describe('What it leads to: Apache Kafka, or Google Cloud Pub/Sub.'),
    brokers: z
      .array(z.string().regex(/^[^\s:/,]+:\d{1,5}$/, 'host:port'))
      .max(50)
      .default([])
      .describe('Kafka: some brokers of the cluster, `host:port`; the others are found through them.'),
    client_id: z.string().min(1).max(200).default('dsf').describe('How DSF calls itself; quotas and logs of the brokers know it.'),
    tls: tlsDefinition.optional().describe('Encryption; without it, none.'),
    sasl: saslDefinition.optional().describe('Login; without it, none.'),
    project: z
      .string()
      .regex(/^[a-z][a-z0-9.:-]{4,98}[a-z0-9]$/, 'the id of a Google Cloud project')
      .optional()
      .describe('Pub/Sub: project of the topics and subscriptions. Default: the one that the credentials belong to.'),
    region: z
      .string()
      .regex(/^[a-z]+-[a-z]+\d{1,2}$/, 'a region such as europe-west1')
      .optional()
      .describe('Pub/Sub: region whose endpoint is used. Documents of one group keep their order within one region only.'),
    endpoint: z
      .string()
      .regex(/^[^\s:/]+(:\d{1,5})?$/, 'host or host:port')
      .optional()
      .describe('Pub/Sub: host in place of the public endpoint, such as Private Service Connect.'),
    credentials_file: file
      .optional()
      .describe('Pub/Sub: file with the key of a service account. Default: the credentials of the environment (workload identity).'),
  })
  .describe('A cluster that sources read from and publications write to.');

const keptFor = z.string().regex(/^[1-9]\d{0,5}(m|h|d)$/, 'a number and m, h or d, for example 90d');

export const retentionDefinition = z
  .strictObject({
    raw: keptFor
      .optional()
      .describe('How long raw messages are kept, by their broker timestamp. A record without its raw message cannot be replayed.'),
    rows: keptFor
      .optional()
      .describe(
        'How long root and child rows are kept. Groups that were made of rows which are gone keep their numbers, and are frozen: they are not computed again.',
      ),
  })
  .refine(({ raw, rows }) => raw !== undefined || rows !== undefined, 'name `raw`, `rows` or both, with how long they are kept')
  .describe(
    'How long the source’s data is kept; what is not named is kept for ever. Nothing goes that is still needed: by a phase that has not had it, a request, or a failure that is open.',
  );

export const sourceDefinition = z
  .strictObject({
    name: name.describe('Name of the source, unique. `shop.orders` makes tables that start with `shop_orders`.'),
    transport: z
      .enum(['local', 'kafka', 'pubsub'])
      .default('local')
      .describe('Where the messages come from: the local log, or the Kafka or Pub/Sub of `connection`.'),
    connection: connectionName.optional(),
    topic: z.string().min(1).max(249).optional().describe('Topic to read; of Pub/Sub, the subscription. Default: the name of the source.'),
    partitions: z
      .int()
      .min(1)
      .max(1000)
      .default(4)
      .describe(
        'Partitions of the topic when DSF creates it (local transport). Of a Kafka topic, all are read. Of Pub/Sub: lanes that the replicas of the ingestor share.',
      ),
    start: z
      .union([
        z.enum(['earliest', 'latest']),
        z.iso.datetime({ offset: true }),
        z.string().regex(/^\d{1,5}:\d{1,15}(,\d{1,5}:\d{1,15})*$/, 'offsets of partitions, such as 0:120,1:44'),
      ])
      .default('earliest')
      .describe(
        'Where the first read starts: `earliest`, `latest`, a time, or offsets (`0:120,1:44` = partition 0 at offset 120, partition 1 at 44, the others at their beginning). Resolved once per partition and stored. Partitions that are added later start at their beginning.',
      ),
    table: z.string().min(1).max(128).optional().describe('Name of the root table. Default: the name of the source with dots as `_`.'),
    tombstones: z
      .enum(['filter', 'fail'])
      .default('filter')
      .describe('What flatten does with a message without payload: count it as filtered, or store it as a failure.'),
    filter: expression
      .optional()
      .describe('CEL over the message; a record for which it is not true is counted as filtered and not flattened.'),
    headers: z
      .record(z.string(), z.string().min(1).max(128))
      .default({})
      .describe('Message headers to keep as root columns: header name → column name.'),
    key: z.string().min(1).max(128).optional().describe('Column of the root table that takes the message key as text.'),
    names: z.enum(['snake', 'exact']).default('snake').describe('How member names become column names.'),
    detect: z.boolean().default(false).describe('Recognise strict RFC 3339 strings as timestamps.'),
    depth_max: z.int().min(1).max(1000).default(200).describe('Deeper nesting is refused as a failure.'),
    objects: z.enum(['child', 'columns', 'json']).default('child').describe('Policy for nested objects that no path rule names.'),
    lists: z.enum(['child', 'json', 'count', 'drop']).default('child').describe('Policy for lists that no path rule names.'),
    paths: z
      .record(z.string().min(1).max(1000), z.union([z.enum(policyKinds), pathRule]))
      .default({})
      .describe(
        'Rules per path. Members are joined by dots; list items need no sign of their own: `items.discounts` is the list `discounts` in each item of `items`. A `*` stands for any one member. A bare word is short for `{ policy: … }`.',
      ),
    retention: retentionDefinition.optional(),
    sample: z
      .string()
      .optional()
      .describe('File of sample messages (JSON lines), relative to the definition. Used by `apply` to check paths.'),
  })
  .describe('A named input.');

const expressionByName = z.record(z.string(), expression.nullable());

export const driverInput = z
  .strictObject({
    source: name.describe('Source to read.'),
    table: z
      .string()
      .optional()
      .describe('Path of the child table to read, for example `items`. Without it, the root table: one point per message.'),
    filter: expression.optional().describe('CEL; rows for which it is not true do not count.'),
    event_time: expression.optional().describe('CEL, instead of the driver’s.'),
    expressions: expressionByName
      .default({})
      .describe(
        'Per key or measure name: the expression for this input instead of the driver’s; null = this input does not feed that measure.',
      ),
  })
  .describe('One table that feeds the driver.');

export const measureFunctions = ['count', 'count_if', 'sum', 'avg', 'min', 'max', 'first', 'last', 'list', 'distinct'] as const;

export const measureObject = z.strictObject({
  function: z.string().min(1).describe('Name of a built-in measure or of a custom one.'),
  of: expression.optional().describe('CEL: the amount that each row brings.'),
  max: z.int().min(1).max(10_000).optional().describe('For `list`: how many items are kept, earliest by event time. Default 100.'),
  type: z
    .enum(columnTypes)
    .optional()
    .describe(
      'Column type of the result. Default: bigint for counts, decimal for sum, avg, min, max, json for list, text for first and last.',
    ),
});

export const driverDefinition = z
  .strictObject({
    name: name.describe('Name of the driver, unique. Its table is named after it, dots as `_`.'),
    inputs: z.array(driverInput).min(1).max(32).describe('Tables that feed it; several may feed one driver.'),
    key: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/), expression).describe('Group key: column name → CEL expression.'),
    event_time: expression.optional().describe('CEL: when it happened, as RFC 3339 text or epoch ms. Default: the broker’s timestamp.'),
    window: z
      .union([
        z.literal('none'),
        z.strictObject({ tumbling: z.string().regex(/^[1-9]\d{0,5}(ms|s|m|h|d)$/, 'a number and ms, s, m, h or d, for example 15m') }),
      ])
      .default('none')
      .describe('`none` (running) or `{ tumbling: 1h }` on event time, half-open, aligned to UTC.'),
    measures: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/), z.union([z.string(), measureObject]))
      .describe('Column name → measure: `count`, `sum(total)`, `list(items.sku, 50)`, or the long form.'),
  })
  .describe('A summary that DSF keeps up to date.');

export const publicationDefinition = z
  .strictObject({
    name: name.describe('Name of the publication, unique.'),
    driver: name.describe('Driver whose groups are published.'),
    transport: z
      .enum(['local', 'kafka', 'pubsub'])
      .default('local')
      .describe('Where to: the local log, or the Kafka or Pub/Sub of `connection`.'),
    connection: connectionName.optional(),
    topic: z.string().min(1).max(249).optional().describe('Output topic. Default: the name of the publication.'),
    partitions: z
      .int()
      .min(1)
      .max(1000)
      .default(4)
      .describe(
        'Partitions that documents are spread over by their key. DSF creates a local topic with as many; a Kafka topic must have them already; on Pub/Sub the key is the ordering key, and this has no meaning.',
      ),
    body: z
      .json()
      .optional()
      .describe(
        'Template of the document: a tree whose strings are CEL over `key`, `window` and `measures`. Default: `{ key, window, measures }`.',
      ),
    numbers: z.enum(['string', 'number']).default('string').describe('How decimals are written in JSON.'),
    type: z.string().default('dsf.summary').describe('CloudEvents type.'),
    transactional: z
      .boolean()
      .default(true)
      .describe(
        'Kafka: send in transactions whose id belongs to this publication and lane, so that a publisher that was replaced cannot write any more. Without it, one that was frozen may deliver an older document, or undo a tombstone.',
      ),
  })
  .describe('Where and how a driver’s groups are published.');

export const settings = z
  .strictObject({
    lanes: z
      .int()
      .min(1)
      .max(1024)
      .default(4)
      .describe(
        'Partitions of the internal topics dsf.raw, dsf.points and dsf.summary: the most replicas that can share the work of one phase. Fixed once data has flowed.',
      ),
  })
  .describe('Settings of the whole installation.');

export const definitionsSchema = z.strictObject({
  settings: settings.default({ lanes: 4 }),
  sources: z.array(sourceDefinition).default([]),
  drivers: z.array(driverDefinition).default([]),
  publications: z.array(publicationDefinition).default([]),
  connections: z.array(connectionDefinition).default([]),
});

export type PathRule = z.infer<typeof pathRule>;
export type PolicyKind = (typeof policyKinds)[number];
export type ColumnType = (typeof columnTypes)[number];
export type SourceDefinition = z.infer<typeof sourceDefinition>;
export type DriverInput = z.infer<typeof driverInput>;
export type DriverDefinition = z.infer<typeof driverDefinition>;
export type PublicationDefinition = z.infer<typeof publicationDefinition>;
export type ConnectionDefinition = z.infer<typeof connectionDefinition>;
export type Settings = z.infer<typeof settings>;
/** Everything a user has defined, parsed and with defaults filled in. */
export type Definitions = z.infer<typeof definitionsSchema>;
