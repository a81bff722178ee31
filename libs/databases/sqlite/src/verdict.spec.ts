import { DatabaseSync } from 'node:sqlite';
import { Failure } from '@dsf/ports';
import { afterAll, describe, expect, it } from 'vitest';
import { failureOf } from './verdict.ts';

const database = new DatabaseSync(':memory:', { enableForeignKeyConstraints: true });
database.exec(
  'CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE, c CHECK (c IN (0, 1)), n INTEGER NOT NULL DEFAULT 0, parent REFERENCES t (id)); CREATE TABLE s (i INTEGER) STRICT',
);
database.exec('INSERT INTO t (id, u) VALUES (1, 1)');
afterAll(() => database.close());

const verdict = (sql: string, ...values: readonly (bigint | string)[]): unknown => {
  try {
    database.prepare(sql).run(...values);
  } catch (error) {
    return failureOf(error, { file: 'x' });
  }
  return null;
};

const sqliteError = (errcode: number): Error => Object.assign(new Error('words'), { code: 'ERR_SQLITE_ERROR', errcode });

describe('the verdict on an error of SQLite', () => {
  it.each([
    ['INSERT INTO t (id) VALUES (1)', 'retry', 'warehouse.changed'],
    ['INSERT INTO t (u) VALUES (1)', 'retry', 'warehouse.changed'],
    ['INSERT INTO t (parent) VALUES (99)', 'retry', 'warehouse.changed'],
    ['INSERT INTO missing VALUES (1)', 'retry', 'warehouse.changed'],
    ['SELECT missing FROM t', 'retry', 'warehouse.changed'],
    ['INSERT INTO t (missing) VALUES (1)', 'retry', 'warehouse.changed'],
    ['CREATE TABLE t (a)', 'retry', 'warehouse.changed'],
    ['ALTER TABLE t ADD COLUMN u', 'retry', 'warehouse.changed'],
    ['INSERT INTO t (c) VALUES (2)', 'poison', 'warehouse.data'],
    ['INSERT INTO t (n) VALUES (NULL)', 'poison', 'warehouse.data'],
    ["INSERT INTO s VALUES ('x')", 'poison', 'warehouse.data'],
    ['INSERT INTO t (u) VALUES (zeroblob(2000000000))', 'poison', 'warehouse.data'],
    ['SELEC 1', 'fatal', 'warehouse.statement'],
  ])('for %s is %s %s', (sql, kind, code) => {
    expect(verdict(sql)).toMatchObject({ kind, code, facts: { file: 'x' } });
  });

  it('for an integer beyond 64 bits is poison', () => {
    expect(verdict('INSERT INTO t (u) VALUES (?)', 2n ** 63n)).toMatchObject({ kind: 'poison', code: 'warehouse.data' });
  });

  it.each([
    [5, 'retry', 'warehouse.busy'],
    [517, 'retry', 'warehouse.busy'],
    [6, 'retry', 'warehouse.busy'],
    [8, 'fatal', 'warehouse.read-only'],
    [10, 'fatal', 'warehouse.disk'],
    [778, 'fatal', 'warehouse.disk'],
    [11, 'fatal', 'warehouse.corrupt'],
    [13, 'fatal', 'warehouse.disk-full'],
    [14, 'fatal', 'warehouse.cannot-open'],
    [26, 'fatal', 'warehouse.not-a-database'],
  ])('with result code %i is %s %s', (errcode, kind, code) => {
    expect(failureOf(sqliteError(errcode), {})).toMatchObject({ kind, code, facts: { sqliteCode: errcode } });
  });

  it('leaves other errors as they are', () => {
    for (const error of [new Error('mine'), new Failure('retry', 'lane.lost', 'x'), 'text']) expect(failureOf(error, {})).toBe(error);
  });
});
