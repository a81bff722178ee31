import { ConfigError, type ConfigProblem } from './config-error.ts';
import { parseConfig, type Environment } from './parse-config.ts';
import { choice, duration, flag, integer, optional, secret, text, type ConfigOf } from './setting.ts';

/*
 * Where definitions, state and rows are. It belongs to the deployment: every process of an installation must have the same.
 */

const mssql = 'DSF_MSSQL';

const whereSettings = {
  server: optional(text({ variable: `${mssql}_SERVER`, about: 'Host name of SQL Server or Azure SQL.' })),
  port: optional(integer({ variable: `${mssql}_PORT`, min: 1, max: 65_535, about: 'Its port. Without it 1433, or that of the instance.' })),
  instance: optional(text({ variable: `${mssql}_INSTANCE`, about: 'Name of an instance, asked of the SQL Server Browser.' })),
  databaseName: text({ variable: `${mssql}_DATABASE`, fallback: 'dsf', about: 'Name of the database. It must exist.' }),
  schema: text({
    variable: `${mssql}_SCHEMA`,
    fallback: 'dsf',
    about:
      'Schema of the rows; definitions are in `<schema>_config`, state in `<schema>_state`. Each installation in one database needs its own.',
  }),
} as const;

const loginSettings = {
  login: choice({
    variable: `${mssql}_LOGIN`,
    words: ['sql', 'azure-default', 'azure-managed-identity', 'azure-service-principal'],
    fallback: 'sql',
    about:
      'How to log in: with user and password; as whatever Azure identity the environment offers; as a managed identity; as an application with a secret.',
  }),
  user: optional(secret({ variable: `${mssql}_USER`, about: 'Login name, for sql.' })),
  password: optional(secret({ variable: `${mssql}_PASSWORD`, about: 'Password, for sql.' })),
  clientId: optional(text({ variable: `${mssql}_CLIENT_ID`, about: 'Client id of a user-assigned identity or of the application.' })),
  tenantId: optional(text({ variable: `${mssql}_TENANT_ID`, about: 'Tenant of the application.' })),
  clientSecret: optional(secret({ variable: `${mssql}_CLIENT_SECRET`, about: 'Secret of the application.' })),
} as const;

const encryptionSettings = {
  encrypt: choice({
    variable: `${mssql}_ENCRYPT`,
    words: ['on', 'strict', 'off'],
    fallback: 'on',
    about: 'TLS: on; strict (TDS 8.0, SQL Server 2022 and later); off, for a server on the same machine alone.',
  }),
  caFile: optional(
    text({
      variable: `${mssql}_CA_FILE`,
      about: 'Path of the authority that signed the server’s certificate, PEM. Without it, those that Node.js knows.',
    }),
  ),
  certificateName: optional(
    text({ variable: `${mssql}_CERTIFICATE_NAME`, about: 'Name in the server’s certificate, where it is not the host name.' }),
  ),
  trustServerCertificate: flag({
    variable: `${mssql}_TRUST_SERVER_CERTIFICATE`,
    fallback: 'false',
    about: 'Believe any certificate. For tests: whoever stands between can read everything.',
  }),
} as const;

const limitSettings = {
  poolMax: integer({ variable: `${mssql}_POOL_MAX`, min: 2, max: 1000, fallback: '10', about: 'Most connections of one process.' }),
  connectTimeoutMs: duration({
    variable: `${mssql}_CONNECT_TIMEOUT`,
    min: 1000,
    max: 300_000,
    fallback: '15s',
    about: 'Longest wait for a connection.',
  }),
  requestTimeoutMs: duration({
    variable: `${mssql}_REQUEST_TIMEOUT`,
    min: 1000,
    max: 3_600_000,
    fallback: '60s',
    about: 'Longest run of one statement.',
  }),
  lockTimeoutMs: duration({
    variable: `${mssql}_LOCK_TIMEOUT`,
    min: 100,
    max: 600_000,
    fallback: '15s',
    about: 'Longest wait for a lock of another session, before the batch is decided again.',
  }),
} as const;

const bigquery = 'DSF_BIGQUERY';

const bigQuerySettings = {
  bigQueryProject: optional(text({ variable: `${bigquery}_PROJECT`, about: 'Project of Google Cloud that holds the dataset.' })),
  bigQueryDataset: text({
    variable: `${bigquery}_DATASET`,
    fallback: 'dsf',
    about: 'Dataset of the rows; made when it is not there. Each installation needs its own.',
  }),
  bigQueryLocation: optional(
    text({ variable: `${bigquery}_LOCATION`, about: 'Where the dataset is, or is to be made, as EU or europe-west1. It cannot be moved.' }),
  ),
  bigQueryQueryTimeoutMs: duration({
    variable: `${bigquery}_QUERY_TIMEOUT`,
    min: 1000,
    max: 3_600_000,
    fallback: '5m',
    about: 'Longest run of one statement.',
  }),
  bigQueryAppendTimeoutMs: duration({
    variable: `${bigquery}_APPEND_TIMEOUT`,
    min: 1000,
    max: 600_000,
    fallback: '60s',
    about: 'Longest wait for the answer to an append, before the rows are appended again.',
  }),
  bigQueryEmulatorRest: optional(
    text({
      variable: `${bigquery}_EMULATOR_REST`,
      about: 'An emulator instead of the service, for tests: its REST endpoint, http://host:port.',
    }),
  ),
  bigQueryEmulatorGrpc: optional(
    text({ variable: `${bigquery}_EMULATOR_GRPC`, about: 'The same: its Storage Write endpoint, host:port.' }),
  ),
} as const;

export const databaseSettings = {
  database: choice({
    variable: 'DSF_DATABASE',
    words: ['sqlite', 'mssql'],
    fallback: 'sqlite',
    about: 'What keeps definitions, state and rows: a file in DSF_HOME, or SQL Server. The same for every process of an installation.',
  }),
  warehouse: choice({
    variable: 'DSF_WAREHOUSE',
    words: ['database', 'bigquery'],
    fallback: 'database',
    about: 'Where raw, flat and summary rows are: in DSF_DATABASE, or in BigQuery, while definitions and state stay there.',
  }),
  ...whereSettings,
  ...loginSettings,
  ...encryptionSettings,
  ...limitSettings,
  ...bigQuerySettings,
} as const;

/** Where definitions, state and rows are, checked as a whole. */
export type DatabaseConfig = ConfigOf<typeof databaseSettings>;

const missing = (variable: string, why: string): ConfigProblem => ({ variable, text: `${variable} is missing; ${why} needs it` });

const neededBy: Readonly<Record<DatabaseConfig['login'], readonly (readonly [key: keyof DatabaseConfig, variable: string])[]>> = {
  sql: [
    ['user', `${mssql}_USER`],
    ['password', `${mssql}_PASSWORD, or ${mssql}_PASSWORD_FILE,`],
  ],
  'azure-default': [],
  'azure-managed-identity': [],
  'azure-service-principal': [
    ['tenantId', `${mssql}_TENANT_ID`],
    ['clientId', `${mssql}_CLIENT_ID`],
    ['clientSecret', `${mssql}_CLIENT_SECRET, or ${mssql}_CLIENT_SECRET_FILE,`],
  ],
};

const bigQueryProblems = (config: DatabaseConfig): readonly ConfigProblem[] => {
  if (config.warehouse === 'database')
    return config.bigQueryProject === null
      ? []
      : [
          {
            variable: 'DSF_WAREHOUSE',
            text: `${bigquery}_PROJECT is set, but DSF_WAREHOUSE is database; set it to bigquery, or remove the project`,
          },
        ];
  const needs = 'DSF_WAREHOUSE=bigquery';
  const grpcProblem = {
    variable: `${bigquery}_EMULATOR_GRPC`,
    text: `${bigquery}_EMULATOR_REST and ${bigquery}_EMULATOR_GRPC go together`,
  };
  return [
    ...(config.bigQueryProject === null ? [missing(`${bigquery}_PROJECT`, needs)] : []),
    ...(config.bigQueryLocation === null ? [missing(`${bigquery}_LOCATION`, needs)] : []),
    ...(/^\w{1,1024}$/.test(config.bigQueryDataset)
      ? []
      : [{ variable: `${bigquery}_DATASET`, text: `${bigquery}_DATASET must be letters, digits and _` }]),
    ...((config.bigQueryEmulatorRest === null) === (config.bigQueryEmulatorGrpc === null) ? [] : [grpcProblem]),
    ...(config.bigQueryEmulatorGrpc === null || /^[^:]+:\d+$/.test(config.bigQueryEmulatorGrpc)
      ? []
      : [{ variable: `${bigquery}_EMULATOR_GRPC`, text: `${bigquery}_EMULATOR_GRPC must be host:port` }]),
  ];
};

/** What is wrong with settings that are each right by themselves. */
const databaseProblems = (config: DatabaseConfig): readonly ConfigProblem[] => {
  if (config.database === 'sqlite')
    // A server that nobody asks looks like a working deployment until somebody looks for the rows there.
    return config.server === null
      ? []
      : [
          {
            variable: 'DSF_DATABASE',
            text: `${mssql}_SERVER is set, but DSF_DATABASE is sqlite; set it to mssql, or remove the server`,
          },
        ];
  return [
    ...(config.server === null ? [missing(`${mssql}_SERVER`, 'DSF_DATABASE=mssql')] : []),
    ...neededBy[config.login].flatMap(([key, variable]) =>
      config[key] === null ? [missing(variable, `${mssql}_LOGIN=${config.login}`)] : [],
    ),
    ...(config.encrypt === 'off' && config.caFile !== null
      ? [{ variable: `${mssql}_ENCRYPT`, text: `${mssql}_ENCRYPT is off, but ${mssql}_CA_FILE is given; set it to on, or remove the file` }]
      : []),
  ];
};

/** @throws ConfigError that lists every problem */
export const parseDatabase = (environment: Environment): DatabaseConfig => {
  const config = parseConfig(databaseSettings, environment);
  const problems = [...databaseProblems(config), ...bigQueryProblems(config)];
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
};
