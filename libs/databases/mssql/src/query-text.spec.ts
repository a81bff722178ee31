import { describe, expect, it } from 'vitest';
import { isSelect, qualifyTables, readQuestion } from './query-text.ts';

describe('a question', () => {
  it.each([
    'SELECT 1 DELETE FROM dsf_raw',
    'SELECT * INTO copy FROM dsf_raw',
    'EXEC sp_who',
    'WITH a AS (SELECT 1 AS x) UPDATE t SET x = 1',
    'SELECT 1; SELECT 2',
    'SELECT NEXT VALUE FOR numbers',
    "SELECT * FROM OPENROWSET(BULK '/etc/passwd', SINGLE_CLOB) AS x",
    '/* a /* b */ SELECT 1',
    'SELECT 1 WAITFOR DELAY 1',
    'REVERT',
    '',
    ';',
    '-- nothing',
    "SELECT 'open",
  ])('that could do more than read is refused: %s', (sql) => {
    expect(() => readQuestion(sql)).toThrow(expect.objectContaining({ code: 'query.refused' }));
  });

  it.each([
    "SELECT 'DELETE FROM x; DROP' AS [update] FROM dsf_raw -- DROP",
    'WITH a AS (SELECT 1 AS x) SELECT x FROM a;',
    'SELECT "into" /* insert */ FROM t',
  ])('may hold any word as text, name or comment: %s', (sql) => {
    expect(isSelect(readQuestion(sql))).toBe(true);
  });

  it('gets the schema of the tables of DSF, and of nothing else', () => {
    const names = new Set(['dsf_raw', 'orders', 'a']);
    const qualified = (sql: string): string => qualifyTables(sql, readQuestion(sql), '[dsf]', names);
    expect(qualified('SELECT * FROM dsf_raw r JOIN Orders ON 1 = 1;')).toBe('SELECT * FROM [dsf].[dsf_raw] r JOIN [dsf].[Orders] ON 1 = 1');
    expect(qualified('SELECT * FROM dbo.orders')).toBe('SELECT * FROM dbo.orders');
    expect(qualified('WITH a AS (SELECT 1 AS x) SELECT * FROM a')).toBe('WITH a AS (SELECT 1 AS x) SELECT * FROM a');
    expect(qualified("SELECT 'FROM orders' FROM elsewhere")).toBe("SELECT 'FROM orders' FROM elsewhere");
  });
});
