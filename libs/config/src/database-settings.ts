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

export const databaseSettings = {
  database: choice({
    variable: 'DSF_DATABASE',
    words: ['sqlite', 'mssql'],
    fallback: 'sqlite',
    about: 'What keeps definitions, state and rows: a file in DSF_HOME, or SQL Server. The same for every process of an installation.',
  }),
  ...whereSettings,
  ...loginSettings,
  ...encryptionSettings,
  ...limitSettings,
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
  const problems = databaseProblems(config);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
};
