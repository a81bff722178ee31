import { describe, expect, it } from 'vitest';
import { mssqlTestServer, type MssqlTestServer } from './test-server.ts';

type Environment = Parameters<typeof mssqlTestServer>[0];

const skipAll = (environment: Environment): void => {
  it.skipIf(true)('on SQL Server (DSF_TEST_MSSQL_URL names no server)', () => {
    expect(mssqlTestServer(environment)).not.toBeNull();
  });
};

const runAll = (server: MssqlTestServer, suites: (server: MssqlTestServer) => void): void => {
  describe('on the server that DSF_TEST_MSSQL_URL names', () => {
    suites(server);
  });
};

/** Suites on the server that the environment names; without one, a single skipped test that says why, instead of each of theirs. */
export const describeOnMssql = (environment: Environment, suites: (server: MssqlTestServer) => void): void => {
  const server = mssqlTestServer(environment);
  if (server === null) skipAll(environment);
  else runAll(server, suites);
};
