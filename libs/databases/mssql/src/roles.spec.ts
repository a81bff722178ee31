import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addColumn, alterColumn, createFlatTable } from './dialect.ts';
import { batchesOf, readMigrations } from './migrations.ts';
import { createSummaryTable, createSummaryView } from './summary-tables.ts';

/*
 * deploy/sql/mssql/roles, read without a server: not every server that tests run on enforces every grant.
 * Which statement needs which permission: "Permissions" of its page in https://learn.microsoft.com/sql/t-sql/statements/statements
 */

const folder = new URL('../../../../deploy/sql/mssql/roles/', import.meta.url);
const roleNames = readdirSync(folder).map((file) => file.replace('.sql', ''));

/** One a line, comments apart. */
const statementsOf = (role: string): readonly string[] =>
  readFileSync(new URL(`${role}.sql`, folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && line !== 'GO' && !line.startsWith('--'));

const schemas = ['', '_config', '_state'];
const tables = readMigrations().flatMap(({ sql }) => [...sql.matchAll(/CREATE TABLE \[\$\(schema\)(\w*)\]\.\[(\w+)\]/g)]);
const objects = new Set(tables.map(([, schema, table]) => `${schema}.${table}`));

const permissions = {
  database: ['CREATE TABLE', 'CREATE VIEW', 'CREATE PROCEDURE'],
  schema: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES', 'EXECUTE', 'ALTER', 'CONTROL'],
  object: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'ALTER'],
} as const;

const grantPattern =
  /^(?:IF EXISTS \(SELECT 1 FROM sys\.schemas WHERE \[name\] = N'\$\(schema\)(?<named>\w*)' AND \[principal_id\] <> DATABASE_PRINCIPAL_ID\(N'\$\(schema\)_migrator'\)\) )?(?<verb>GRANT|DENY|REVOKE) (?<list>[A-Z, ]+?)(?: ON (?:SCHEMA::\[\$\(schema\)(?<schema>\w*)\]|\[\$\(schema\)(?<of>\w*)\]\.\[(?<object>\w+)\]))? (?:TO|FROM) \[\$\(schema\)_(?<role>\w+)\];$/;

interface Right {
  readonly verb: string;
  readonly permission: string;
  /** `database`, a schema's ending in `schema:`, or an object behind it. */
  readonly on: string;
}

/** @throws when the line is no grant of the role, names what is not there, or a permission that its place has not */
const rightsOf = (role: string, line: string): readonly Right[] => {
  const parts = grantPattern.exec(line)?.groups;
  if (parts?.['role'] !== role) throw new Error(`no grant of ${role}: ${line}`);
  const { verb = '', list = '', schema, named, of, object } = parts;
  if (named !== undefined && named !== schema) throw new Error(`looks at one schema and names another: ${line}`);
  if (schema !== undefined && !schemas.includes(schema)) throw new Error(`no such schema: ${line}`);
  if (object !== undefined && !objects.has(`${of}.${object}`)) throw new Error(`no such table: ${line}`);
  const place = object === undefined ? `schema:${schema}` : `${of}.${object}`;
  const on = schema === undefined && object === undefined ? 'database' : place;
  const kinds: readonly string[] = permissions[on === 'database' ? on : object === undefined ? 'schema' : 'object'];
  return list.split(', ').map((permission) => {
    if (!kinds.includes(permission)) throw new Error(`no permission ${permission} there: ${line}`);
    return { verb, permission, on };
  });
};

const makesRole = (role: string): string => `IF DATABASE_PRINCIPAL_ID(N'$(schema)_${role}') IS NULL CREATE ROLE [$(schema)_${role}];`;
const makesSchema = (ending: string): string =>
  `IF SCHEMA_ID(N'$(schema)${ending}') IS NULL EXEC (N'CREATE SCHEMA [$(schema)${ending}] AUTHORIZATION [$(schema)_migrator]');`;

const grantsIn = (role: string): readonly Right[] =>
  statementsOf(role)
    .filter((line) => line !== makesRole(role) && !schemas.some((ending) => line === makesSchema(ending)))
    .flatMap((line) => rightsOf(role, line));

/** As `INSERT, UPDATE ON _state.lane`: what a role may in the end, and what it is denied. */
const listed = (role: string, verb: 'GRANT' | 'DENY'): readonly string[] => {
  const byPlace = Map.groupBy(
    grantsIn(role).filter((right) => right.verb === verb),
    ({ on }) => on,
  );
  return [...byPlace].map(([on, rights]) => `${rights.map(({ permission }) => permission).join(', ')} ON ${on}`);
};

/** Every phase has lanes, and can be asked things. */
const ofEveryPhase = [
  'SELECT ON schema:_config',
  'SELECT ON schema:_state',
  'INSERT, UPDATE ON _state.lane',
  'INSERT, UPDATE ON _state.position',
  'INSERT, DELETE ON _state.intent',
  'INSERT, UPDATE ON _state.failure',
  'INSERT, UPDATE ON _state.request',
];

const expected: Readonly<Record<string, { readonly may: readonly string[]; readonly mayNot: readonly string[] }>> = {
  migrator: {
    may: ['CREATE TABLE, CREATE VIEW, CREATE PROCEDURE ON database', ...schemas.map((ending) => `CONTROL ON schema:${ending}`)],
    mayNot: [],
  },
  ingestor: { may: [...ofEveryPhase, 'INSERT, DELETE ON _state.message', 'SELECT, INSERT ON .dsf_raw'], mayNot: [] },
  flattener: {
    may: [
      ...ofEveryPhase,
      'SELECT, INSERT, DELETE, REFERENCES, ALTER ON schema:',
      'CREATE TABLE ON database',
      'INSERT, UPDATE ON _state.flat_schema',
      'INSERT, UPDATE ON _state.flat_table',
      'INSERT, UPDATE ON _state.flat_column',
      'INSERT ON _state.table_change',
    ],
    mayNot: ['UPDATE, ALTER ON .dsf_raw'],
  },
  summariser: {
    may: [
      ...ofEveryPhase,
      'SELECT, INSERT, UPDATE, ALTER ON schema:',
      'CREATE TABLE, CREATE VIEW ON database',
      'INSERT ON _state.driver_instance',
      'INSERT, UPDATE ON _state.summary_view',
      'INSERT, DELETE ON _state.lane_instance',
      'INSERT ON _state.frozen_group',
      'INSERT ON _config.version',
      'INSERT ON _config.name',
      'UPDATE ON _config.activation',
    ],
    mayNot: ['UPDATE, ALTER ON .dsf_raw'],
  },
  publisher: { may: [...ofEveryPhase, 'SELECT ON schema:'], mayNot: [] },
  operator: {
    may: [
      'SELECT, INSERT, UPDATE, DELETE, EXECUTE ON schema:_config',
      'SELECT ON schema:_state',
      'INSERT, UPDATE ON _state.failure',
      'INSERT, UPDATE ON _state.request',
      'INSERT, UPDATE, DELETE ON _state.lane',
      'INSERT, UPDATE, DELETE ON _state.position',
      'INSERT, DELETE ON _state.intent',
      'INSERT, UPDATE, DELETE ON _state.lane_instance',
      'SELECT, UPDATE ON schema:',
    ],
    mayNot: ['UPDATE ON .dsf_raw'],
  },
  reader: { may: ['SELECT ON schema:', 'SELECT ON schema:_config', 'SELECT ON schema:_state'], mayNot: [] },
};

/** What DDL needs of the database. The rest of what it needs is ALTER on the schema or CONTROL of it: triggers, indexes, descriptions, changes, history. */
const databasePermission: Readonly<Record<string, string | null>> = {
  'CREATE TABLE': 'CREATE TABLE',
  'CREATE VIEW': 'CREATE VIEW',
  'CREATE PROCEDURE': 'CREATE PROCEDURE',
  'CREATE TRIGGER': null,
  'CREATE INDEX': null,
  'ALTER TABLE': null,
  'DROP VIEW': null,
};

/** Temporary tables need no permission. */
const ddlOf = (statements: readonly string[]): ReadonlySet<string> =>
  new Set(
    statements.flatMap((statement) =>
      [...statement.matchAll(/^\s*((?:CREATE|ALTER|DROP|GRANT|DENY)(?: UNIQUE)? \w+)(?! #)\b/gm)].map(([, kind]) => kind ?? ''),
    ),
  );

const permissionsFor = (statements: readonly string[]): readonly string[] =>
  [...ddlOf(statements)].flatMap((kind) => {
    const permission = databasePermission[kind];
    if (permission === undefined) throw new Error(`which permission does ${kind} need? Grant it, and say so here`);
    return permission === null ? [] : [permission];
  });

const mayInDatabase = (role: string): readonly string[] =>
  grantsIn(role)
    .filter(({ on }) => on === 'database')
    .map(({ permission }) => permission);

describe('the scripts of the roles', () => {
  it('are those that are known', () => {
    expect(roleNames.toSorted((a, b) => a.localeCompare(b))).toEqual(Object.keys(expected).toSorted((a, b) => a.localeCompare(b)));
  });

  it.each(roleNames)('%s: makes its role first, and grants what its statements need and nothing else', (role) => {
    expect(statementsOf(role)[0]).toBe(makesRole(role));
    expect({ may: listed(role, 'GRANT'), mayNot: listed(role, 'DENY') }).toEqual(expected[role]);
  });

  it.each(['flattener', 'summariser', 'ingestor', 'publisher'])(
    '%s: is denied nothing that another phase needs of the login of dsf run',
    (role) => {
      const denied = grantsIn(role).filter(({ verb }) => verb === 'DENY');
      for (const { permission, on } of denied) {
        expect(['UPDATE', 'ALTER']).toContain(permission);
        expect(on).toBe('.dsf_raw');
      }
    },
  );

  it('migrator: makes the schemas that it grants, before anything else stands in them', () => {
    expect(statementsOf('migrator').slice(1, 4)).toEqual(schemas.map(makesSchema));
  });

  it('migrator: may run every statement of the migrations', () => {
    const statements = readMigrations().flatMap(({ sql }) => batchesOf(sql, 'dsf'));
    const needed = permissionsFor(statements);
    expect(needed).toEqual(expect.arrayContaining(['CREATE TABLE', 'CREATE VIEW', 'CREATE PROCEDURE']));
    for (const permission of needed) expect(mayInDatabase('migrator')).toContain(permission);
  });

  const column = { name: 'a', sqlType: 'int' };
  const layout = {
    instance: 'i',
    driver: 'd',
    table: 'dsf_sum__d',
    keys: ['k'],
    measures: [{ name: 'm', type: 'bigint' }],
    windowed: false,
  } as const;
  it.each([
    [
      'flattener',
      [
        createFlatTable({ schema: '[dsf]', name: 'a', parent: 'b', columns: [column] }).sql,
        addColumn('[dsf]', 'a', column).sql,
        alterColumn('[dsf]', 'a', column).sql,
      ],
    ],
    ['summariser', [...createSummaryTable('[dsf]', layout), createSummaryView('[dsf]', 'v', layout)]],
  ] as const)('%s: may make the tables and views that it makes', (role, statements) => {
    expect(mayInDatabase(role)).toEqual(permissionsFor(statements));
    expect(listed(role, 'GRANT').find((line) => line.endsWith(' ON schema:'))).toContain('ALTER');
  });
});
