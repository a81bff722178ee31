import { expect, it } from 'vitest';
import type { Connection } from './connection.ts';
import { findFailures } from './failures.ts';
import { readFlat } from './flat-rows.ts';
import { readFrozen } from './frozen-groups.ts';
import { readGroups } from './group-rows.ts';
import { writeProgress } from './lane-state.ts';
import { readMessages } from './messages.ts';
import { recordingConnection } from './recording-connection.ts';
import { closeRequests } from './requests.ts';

/*
 * A statement has at most 2,100 parameters: https://learn.microsoft.com/sql/sql-server/maximum-capacity-specifications-for-sql-server
 * However many things are asked for, no statement has more of them than one that asks for a few, so that the server keeps its plan, too.
 */

const layout = { instance: 'd@00000001', driver: 'd', table: 'dsf_sum__d__00000001', keys: ['k'], measures: [], windowed: false };
const table = { id: 1, source: 1, path: '', name: 'orders', parent: null, columns: [] };
const catalog = { schema: { version: 1, tables: [table] }, physical: new Map([[1, { name: 'orders', columns: [] }]]) };
const at = { source: 1, partition: 0 };
const progressOf = (partition: number) => ({
  ...{ source: 1, partition, next: 1, start: 0, time: null, idle: false, version: 1 },
  counters: { written: 1, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 },
});

/** Each asks for as many things as it is given numbers. */
const questions: Readonly<Record<string, (connection: Connection, numbers: readonly number[]) => Promise<unknown>>> = {
  'failures by number': (connection, ids) => findFailures(connection, { ids, max: ids.length }),
  'requests that are closed': (connection, ids) => closeRequests(connection, ids, 1),
  groups: (connection, numbers) => readGroups(connection, layout, numbers.map(String)),
  'frozen groups': (connection, numbers) => readFrozen(connection, layout.instance, numbers.map(String)),
  'messages by name': (connection, numbers) => readMessages(connection, 1, numbers.map(String)),
  'positions of a lane': (connection, numbers) =>
    writeProgress(connection, { phase: 'flatten', source: 0, lane: 0 }, { positions: numbers.map(progressOf), facts: {} }),
  'rows of tables': (connection, numbers) =>
    readFlat(connection, catalog, { range: { ...at, from: 0, to: numbers.length }, tables: [1, ...numbers], max: numbers.length }),
};

it.each(Object.keys(questions))('%s: 5,000 of them take no more parameters than 2', async (name) => {
  const mostFor = async (count: number): Promise<number> => {
    const { connection, statements } = recordingConnection();
    await questions[name]?.(
      connection,
      Array.from({ length: count }, (_, index) => index + 1),
    );
    return Math.max(...statements.map(({ binds }) => binds.length));
  };
  const few = await mostFor(2);
  expect(few).toBeGreaterThan(0);
  expect(few).toBeLessThan(20);
  expect(await mostFor(5_000)).toBe(few);
});
