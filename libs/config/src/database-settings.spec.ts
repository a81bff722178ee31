import { describe, expect, it } from 'vitest';
import { parseDatabase } from './database-settings.ts';

const problemsOf = (environment: Readonly<Record<string, string>>): string => {
  try {
    parseDatabase(environment);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('the choice of a database', () => {
  it('names everything that SQL Server needs and is not there, at once', () => {
    const words = problemsOf({ DSF_DATABASE: 'mssql' });
    for (const variable of ['DSF_MSSQL_SERVER', 'DSF_MSSQL_USER', 'DSF_MSSQL_PASSWORD_FILE']) expect(words).toContain(variable);
    const application = problemsOf({ DSF_DATABASE: 'mssql', DSF_MSSQL_SERVER: 'db', DSF_MSSQL_LOGIN: 'azure-service-principal' });
    for (const variable of ['TENANT_ID', 'CLIENT_ID', 'CLIENT_SECRET']) expect(application).toContain(`DSF_MSSQL_${variable}`);
  });

  it('refuses settings that contradict each other', () => {
    expect(problemsOf({ DSF_MSSQL_SERVER: 'db' })).toContain('DSF_DATABASE');
    const login = { DSF_DATABASE: 'mssql', DSF_MSSQL_SERVER: 'db', DSF_MSSQL_USER: 'u', DSF_MSSQL_PASSWORD: 'p' };
    expect(problemsOf({ ...login, DSF_MSSQL_ENCRYPT: 'off', DSF_MSSQL_CA_FILE: '/ca.pem' })).toContain('DSF_MSSQL_CA_FILE');
  });

  it('never shows a password', () => {
    expect(problemsOf({ DSF_DATABASE: 'mssql', DSF_MSSQL_PASSWORD: 'secret-word', DSF_MSSQL_POOL_MAX: 'many' })).not.toContain(
      'secret-word',
    );
  });

  it('is SQLite, and encryption is on where it is SQL Server, when nothing else is said', () => {
    expect(parseDatabase({}).database).toBe('sqlite');
    const { encrypt, trustServerCertificate, schema, databaseName } = parseDatabase({
      DSF_DATABASE: 'mssql',
      DSF_MSSQL_SERVER: 'db',
      DSF_MSSQL_LOGIN: 'azure-default',
    });
    expect({ encrypt, trustServerCertificate, schema, databaseName }).toEqual({
      encrypt: 'on',
      trustServerCertificate: false,
      schema: 'dsf',
      databaseName: 'dsf',
    });
  });
});
