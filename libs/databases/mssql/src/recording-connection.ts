import { schemasOf } from './config.ts';
import type { Connection, Row } from './connection.ts';
import type { Statement } from './sql.ts';

/*
 * For specs: a connection that remembers what it was asked, and finds what it is told to.
 */

/**
 * @param changed - how many rows each statement changes, in turn; then none
 * @param found - the rows that a statement finds
 */
export const recordingConnection = (
  changed: readonly number[] = [],
  found: (text: string) => readonly Row[] = () => [],
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
    all: (statement) => note(statement, found(statement.text)),
    first: (statement) => note(statement, found(statement.text)[0]),
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
