import { configTableNames, configTables, definitionsSchema, rowsOfDefinitions, type Definitions } from '@dsf/metadata';
import { describe, expect, it } from 'vitest';
import { readDefinitions } from './config-rows.ts';
import type { Cell, Connection } from './connection.ts';
import { recordingConnection } from './recording-connection.ts';

const driver = (measures: object): Definitions =>
  definitionsSchema.parse({
    sources: [{ name: 'orders' }],
    drivers: [{ name: 'revenue', inputs: [{ source: 'orders' }], key: { country: 'country' }, measures }],
  });
const before = driver({ orders: 'count' });
const after = {
  ...driver({ orders: 'count', revenue: 'sum(total)' }),
  sources: definitionsSchema.parse({ sources: [{ name: 'orders', partitions: 2 }] }).sources,
};

/** Tables that stand as `stand` says at each question, the first of which is number 0. */
const edited = (stand: (question: number) => Definitions): { readonly connection: Connection; readonly questions: () => number } => {
  let questions = 0;
  const connection: Connection = {
    ...recordingConnection().connection,
    all: async ({ text }) => {
      const table = configTableNames.find((name) => text.includes(`.[${name}] `));
      if (table === undefined) throw new Error(`no table in ${text}`);
      const rows = rowsOfDefinitions(stand(questions))[table];
      questions += 1;
      return rows.map((row) => configTables[table].columns.map((column) => (row[column] ?? null) as Cell));
    },
  };
  return { connection, questions: () => questions };
};

describe('definitions that are read table by table', () => {
  const tables = configTableNames.length;

  it('are read twice where nobody edits them', async () => {
    const { connection, questions } = edited(() => before);
    expect(await readDefinitions(connection)).toMatchObject({ definitions: before });
    expect(questions()).toBe(2 * tables);
  });

  it.each(Array.from({ length: 2 * tables }, (_, question) => question))(
    'hold an edit of several tables as a whole or not at all: it is committed before question %i',
    async (question) => {
      const { connection } = edited((at) => (at < question ? before : after));
      const { definitions } = await readDefinitions(connection);
      expect([before, after]).toContainEqual(definitions);
    },
  );

  it('are not taken while somebody edits them without a pause', async () => {
    const { connection } = edited((at) => (Math.floor(at / tables) % 2 === 0 ? before : after));
    await expect(readDefinitions(connection)).rejects.toMatchObject({ kind: 'retry', code: 'warehouse.changed' });
  });
});
