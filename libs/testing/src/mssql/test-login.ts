import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { MssqlTestSchema, MssqlTestServer } from './test-server.ts';

const roles = new URL('../../../../deploy/sql/mssql/roles/', import.meta.url);

export type MssqlRole = 'migrator' | 'ingestor' | 'flattener' | 'summariser' | 'publisher' | 'operator' | 'reader';

/** A login that has one role of deploy/sql/mssql/roles and nothing else. */
export interface MssqlTestLogin {
  readonly user: string;
  readonly password: string;
  /** Statements of the script that the server does not know; empty on SQL Server. */
  readonly lacks: readonly string[];
  discard(): Promise<void>;
}

/** Statements of a script: one a line, comments apart. */
const statementsOf = (role: MssqlRole, schema: string): readonly string[] =>
  readFileSync(new URL(`${role}.sql`, roles), 'utf8')
    .replaceAll('$(schema)', schema)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== 'GO' && !line.startsWith('--'));

/** What a stand-in for SQL Server says of a kind of permission that it does not have. SQL Server never does, and no misspelt word is answered so. */
const isLack = (error: unknown): boolean =>
  error instanceof Error && /^'(?:GRANT PERMISSION [A-Z ]+|GRANT Database|DENY)' is not currently supported/.test(error.message);

/** Runs the script of a role as a member of db_owner does. @returns the statements that the server does not know */
export const runMssqlRole = async (schema: MssqlTestSchema, role: MssqlRole): Promise<readonly string[]> => {
  const lacks: string[] = [];
  for (const statement of statementsOf(role, schema.name)) {
    await schema.sql(statement).catch((error: unknown) => {
      if (!isLack(error)) throw new Error(`${role}.sql: ${statement}`, { cause: error });
      lacks.push(statement);
    });
  }
  return lacks;
};

/**
 * Runs the script of a role and makes a login for it.
 * @param role - null: a login that may connect and do nothing else
 */
export const mssqlLogin = async (server: MssqlTestServer, schema: MssqlTestSchema, role: MssqlRole | null): Promise<MssqlTestLogin> => {
  const user = `${schema.name}_${role ?? 'nobody'}_login`;
  const password = `Pw1-${randomBytes(12).toString('base64url')}`;
  const lacks = role === null ? [] : await runMssqlRole(schema, role);
  await schema.sql(`CREATE LOGIN [${user}] WITH PASSWORD = '${password}', DEFAULT_DATABASE = [${server.database}]`);
  await schema.sql(`CREATE USER [${user}] FOR LOGIN [${user}]`);
  if (role !== null) await schema.sql(`ALTER ROLE [${schema.name}_${role}] ADD MEMBER [${user}]`);
  return {
    user,
    password,
    lacks,
    async discard() {
      const gone = role === null ? [] : [`ALTER ROLE [${schema.name}_${role}] DROP MEMBER [${user}]`];
      for (const statement of [...gone, `DROP USER [${user}]`, `DROP LOGIN [${user}]`]) await schema.sql(statement).catch(() => undefined);
    },
  };
};
