import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import mssql from 'mssql';
import type { Lack } from '../warehouse/room.ts';

/** A server that tests may use: `DSF_TEST_MSSQL_URL`, as `mssql://user:password@host:1433/database?encrypt=on&ca=/path/ca.pem&trust=true`. */
export interface MssqlTestServer {
  readonly server: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly encrypt: 'on' | 'strict' | 'off';
  readonly trustServerCertificate: boolean;
  /** PEM of the authority that signed its certificate. */
  readonly caFile?: string;
}

/** The settings of a service on the server. */
export const mssqlVariables = (server: MssqlTestServer, schema: string): Readonly<Record<string, string>> => ({
  DSF_DATABASE: 'mssql',
  DSF_MSSQL_SERVER: server.server,
  DSF_MSSQL_PORT: String(server.port),
  DSF_MSSQL_DATABASE: server.database,
  DSF_MSSQL_SCHEMA: schema,
  DSF_MSSQL_USER: server.user,
  DSF_MSSQL_PASSWORD: server.password,
  DSF_MSSQL_ENCRYPT: server.encrypt,
  DSF_MSSQL_TRUST_SERVER_CERTIFICATE: String(server.trustServerCertificate),
  ...(server.caFile === undefined ? {} : { DSF_MSSQL_CA_FILE: server.caFile }),
});

const encryptions = ['on', 'strict', 'off'] as const;

/** The server that the environment names; null without one: the suites on SQL Server are then skipped by name. @throws Error when the URL says too little */
export const mssqlTestServer = (environment: Readonly<Record<string, string | undefined>>): MssqlTestServer | null => {
  const url = environment['DSF_TEST_MSSQL_URL'];
  if (url === undefined || url === '') return null;
  const { protocol, hostname, port, pathname, username, password, searchParams } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  if (protocol !== 'mssql:' || hostname === '' || username === '' || database === '')
    throw new Error('DSF_TEST_MSSQL_URL must be mssql://user:password@host:1433/database');
  const encrypt = encryptions.find((one) => one === searchParams.get('encrypt')) ?? 'on';
  return {
    server: hostname,
    port: port === '' ? 1433 : Number(port),
    database,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    encrypt,
    trustServerCertificate: searchParams.get('trust') === 'true',
    ...(searchParams.has('ca') ? { caFile: searchParams.get('ca') ?? '' } : {}),
  };
};

/** Schemas of one suite, and plain SQL as a person would run it. */
export interface MssqlTestSchema {
  readonly name: string;
  /** Runs statements past DSF, each batch on its own. */
  sql(batch: string): Promise<readonly (readonly unknown[])[]>;
  /** Removes everything that stands in the three schemas. */
  discard(): Promise<void>;
}

export const mssqlTestOptions = ({ encrypt, trustServerCertificate, caFile }: MssqlTestServer): mssql.config['options'] => ({
  encrypt: encrypt !== 'off',
  trustServerCertificate,
  ...(caFile === undefined ? {} : { cryptoCredentialsDetails: { ca: readFileSync(caFile, 'utf8') } }),
});

const connect = (server: MssqlTestServer): Promise<mssql.ConnectionPool> =>
  new mssql.ConnectionPool({
    server: server.server,
    port: server.port,
    database: server.database,
    user: server.user,
    password: server.password,
    arrayRowMode: true,
    requestTimeout: 120_000,
    pool: { max: 1 },
    options: mssqlTestOptions(server),
  }).connect();

const rowsOf = (result: { readonly recordset?: unknown }): readonly (readonly unknown[])[] =>
  (result.recordset ?? []) as readonly (readonly unknown[])[];

/** Foreign keys first, then views, tables, procedures; one statement each. */
const dropStatements = (names: string): readonly string[] => [
  `SELECT 'ALTER TABLE ' + QUOTENAME(s.name) + '.' + QUOTENAME(t.name) + ' DROP CONSTRAINT ' + QUOTENAME(f.name) FROM sys.foreign_keys AS f JOIN sys.tables AS t ON t.object_id = f.parent_object_id JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE s.name IN (${names})`,
  `SELECT 'DROP VIEW ' + QUOTENAME(s.name) + '.' + QUOTENAME(v.name) FROM sys.views AS v JOIN sys.schemas AS s ON s.schema_id = v.schema_id WHERE s.name IN (${names})`,
  `SELECT 'DROP TABLE ' + QUOTENAME(s.name) + '.' + QUOTENAME(t.name) FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE s.name IN (${names})`,
  `SELECT 'DROP PROCEDURE ' + QUOTENAME(s.name) + '.' + QUOTENAME(o.name) FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE o.type = 'P' AND s.name IN (${names})`,
];

/** Users, their logins and the roles of one installation. */
const dropPrincipals = (name: string): readonly string[] => [
  `SELECT 'DROP USER ' + QUOTENAME(p.name) FROM sys.database_principals AS p WHERE p.type = 'S' AND p.name LIKE '${name}[_]%[_]login'`,
  `SELECT 'DROP LOGIN ' + QUOTENAME(p.name) FROM sys.server_principals AS p WHERE p.type = 'S' AND p.name LIKE '${name}[_]%[_]login'`,
  `SELECT 'DROP ROLE ' + QUOTENAME(p.name) FROM sys.database_principals AS p WHERE p.type = 'R' AND p.name LIKE '${name}[_]%'`,
];

/** System-versioned tables cannot be dropped as they are. */
const endVersioning = (names: string): string =>
  `SELECT 'ALTER TABLE ' + QUOTENAME(s.name) + '.' + QUOTENAME(t.name) + ' SET (SYSTEM_VERSIONING = OFF)' FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE t.temporal_type = 2 AND s.name IN (${names})`;

export const freshMssqlSchema = async (server: MssqlTestServer): Promise<MssqlTestSchema> => {
  const name = `dsf_t_${randomBytes(4).toString('hex')}`;
  const pool = await connect(server);
  const sql: MssqlTestSchema['sql'] = async (batch) => rowsOf(await pool.request().batch(batch));
  const each = async (question: string): Promise<void> => {
    // What a server cannot drop stays behind in a schema of its own.
    for (const [statement] of await sql(question)) await sql(String(statement)).catch(() => undefined);
  };
  return {
    name,
    sql,
    async discard() {
      const names = `'${name}', '${name}_config', '${name}_state'`;
      await each(endVersioning(names)).catch(() => undefined);
      for (const question of dropStatements(names)) await each(question);
      for (const schema of [name, `${name}_config`, `${name}_state`])
        await sql(`IF SCHEMA_ID(N'${schema}') IS NOT NULL EXEC (N'DROP SCHEMA [${schema}]')`).catch(() => undefined);
      // A role may own the schemas, and a member what stood in them: they go last.
      for (const question of dropPrincipals(name)) await each(question).catch(() => undefined);
      await pool.close();
    },
  };
};

/** A question that every SQL Server answers, and what is missing where it does not. */
const probes: readonly (readonly [lack: Lack, question: string, answer: string])[] = [
  ['any UTF-16', "SELECT CONVERT(varchar(10), UNICODE(NCHAR(0) + N'x'))", '0'],
  ['brackets in names', "SELECT 'yes' AS [a]]b]", 'yes'],
  [
    'exact decimals in questions',
    "EXEC sp_executesql N'SELECT CONVERT(decimal(38,12), 0.5) AS a' WITH RESULT SETS ((a nvarchar(45)))",
    '0.500000000000',
  ],
];

/** A child without a parent, loaded in bulk with CHECK_CONSTRAINTS. */
const checksBulkLoads = async (pool: mssql.ConnectionPool): Promise<boolean> => {
  const name = `dsf_probe_${randomBytes(4).toString('hex')}`;
  await pool.request().batch(`CREATE TABLE ${name} (id int NOT NULL PRIMARY KEY, parent int NULL REFERENCES ${name} (id))`);
  const child = new mssql.Table(name);
  child.columns.add('id', mssql.Int, { nullable: false });
  child.columns.add('parent', mssql.Int, { nullable: true });
  child.rows.add(1, 2);
  const isRefused = await pool
    .request()
    .bulk(child, { checkConstraints: true })
    .then(
      () => false,
      () => true,
    );
  await pool.request().batch(`DROP TABLE ${name}`);
  return isRefused;
};

/** What the server lacks, found by asking it, not by its name. */
export const mssqlLacks = async (server: MssqlTestServer): Promise<readonly Lack[]> => {
  const pool = await connect(server);
  const lacks: Lack[] = [];
  for (const [lack, question, answer] of probes) {
    const rows = await pool
      .request()
      .batch(question)
      .then(rowsOf, () => []);
    if (rows[0]?.[0] !== answer) lacks.push(lack);
  }
  if (!(await checksBulkLoads(pool))) lacks.push('foreign keys in bulk loads');
  await pool.close();
  return lacks;
};

/** Whether computed columns are worked out for each row that is written, and stored; on SQL Server those that are not PERSISTED are not. */
export const storesComputedColumns = async (server: MssqlTestServer): Promise<boolean> => {
  const pool = await connect(server);
  // No catalogue view of a stand-in says so; the one that does so says its name.
  const rows = await pool
    .request()
    .batch("SELECT CONVERT(int, SERVERPROPERTY('babelfish'))")
    .then(rowsOf, () => []);
  await pool.close();
  return rows[0]?.[0] === 1;
};
