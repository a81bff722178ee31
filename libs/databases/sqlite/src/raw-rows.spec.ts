import type { RawRow } from '@dsf/ports';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openConnection } from './connection.ts';
import { readMigrations } from './migrations.ts';
import { writeRaw } from './raw-rows.ts';

const open = () => {
  const connection = openConnection(new DatabaseSync(':memory:'));
  for (const { name, sql } of readMigrations()) if (name.includes('raw')) connection.exec(sql);
  return connection;
};

const rowOf = (offset: number, topic: string): RawRow => ({
  ...{ source: 1, partition: 0, offset, topic, time: 10 + offset, timeType: 'create', ingestedAt: 5, key: null },
  ...{ headers: [], payload: new Uint8Array([offset % 256]), sha256: new Uint8Array([1, offset % 256]) },
});

describe('raw rows in SQLite', () => {
  it('have the topic, size and digest that each was written with, also where the topic changes within a batch', () => {
    const connection = open();
    const rows = Array.from({ length: 200 }, (_, offset) => rowOf(offset, offset < 70 ? 'before' : 'after'));
    writeRaw(connection, rows);
    const found = connection.all('SELECT _dsf_off, topic, size, sha256, headers FROM dsf_raw ORDER BY _dsf_off');
    expect(found).toEqual(rows.map(({ offset, topic, sha256 }) => [offset, topic, 1, sha256, '[]']));
  });

  it('write nothing for no rows', () => {
    const connection = open();
    writeRaw(connection, []);
    expect(connection.all('SELECT 1 FROM dsf_raw')).toEqual([]);
  });
});
