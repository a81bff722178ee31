import { describe, expect, it } from 'vitest';
import type { BigQueryClient } from './client.ts';
import { askQuestion } from './query.ts';

const asked: string[] = [];
const client = {
  ask: async (sql: string) => {
    asked.push(sql);
    return {
      columns: [
        { name: 'n', type: 'INTEGER' },
        { name: 'at', type: 'TIMESTAMP' },
        { name: 'd', type: 'BIGNUMERIC' },
      ],
      rows: [['9007199254740993', '1767225600000000', '1.5']],
      scannedBytes: 1024,
      affectedRows: 0,
    };
  },
} as unknown as BigQueryClient;

describe('a question to BigQuery', () => {
  it('is answered exactly, with what it scanned', async () => {
    expect(await askQuestion(client, 'SELECT 1; ', 10)).toEqual({
      columns: ['n', 'at', 'd'],
      rows: [[9007199254740993n, '2026-01-01T00:00:00.000Z', '1.5']],
      scannedBytes: 1024,
    });
  });

  it.each([
    'DELETE FROM orders WHERE true',
    'SELECT 1; DROP TABLE orders',
    '-- SELECT\nTRUNCATE TABLE orders',
    '/* SELECT */ EXPORT DATA OPTIONS() AS SELECT 1',
    "CALL p('SELECT')",
    '',
    '-- nothing',
  ])('is refused before it is sent: %s', async (sql) => {
    asked.length = 0;
    await expect(askQuestion(client, sql, 10)).rejects.toMatchObject({ kind: 'fatal', code: 'query.refused' });
    expect(asked).toEqual([]);
  });

  it.each(["SELECT ';' FROM orders -- ; DELETE", '(SELECT 1)', 'WITH a AS (SELECT 1) SELECT * FROM a'])('is taken: %s', async (sql) => {
    await expect(askQuestion(client, sql, 10)).resolves.toMatchObject({ scannedBytes: 1024 });
  });
});
