import { schemasOf } from './config.ts';
import type { Connection } from './connection.ts';
import type { Statement } from './sql.ts';

/*
 * For specs: a connection that remembers what it was asked, and finds nothing.
 */

/** @param changed - how many rows each statement changes, in turn; then none */
export const recordingConnection = (
  changed: readonly number[] = [],
): { readonly connection: Connection; readonly statements: readonly Statement[] } => {
  const statements: Statement[] = [];
  const counts = [...changed];
  const note = async <T>(statement: Statement, answer: T): Promise<T> => {
    statements.push(statement);
    return answer;
  };
  const connection: Connection = {
    schemas: schemasOf('dsf'),
    exec: (text) => note({ text, binds: [] }, undefined),
    run: (statement) => note(statement, counts.shift() ?? 0),
    all: (statement) => note(statement, []),
    first: (statement) => note(statement, undefined),
    bulk: async () => undefined,
    load: async () => undefined,
    ask: async () => ({ columns: [], rows: [], sets: 0 }),
    describe: async () => [],
    begin: async () => [],
    commit: async () => undefined,
    rollBack: async () => undefined,
  };
  return { connection, statements };
};
