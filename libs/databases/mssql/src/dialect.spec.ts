import { describe, expect, it } from 'vitest';
import {
  addColumn,
  alterColumn,
  capabilities,
  constraintName,
  createFlatTable,
  quoteName,
  quoteText,
  quoteWord,
  wholeNumber,
} from './dialect.ts';
import { describe as describeObject } from './descriptions.ts';
import { upsertGroups } from './group-rows.ts';
import { collationKey, freeUnderCollations } from './names.ts';
import { createSummaryTable, createSummaryView } from './summary-tables.ts';

const layout = {
  instance: 'sales@00000001',
  driver: 'sales',
  table: 'dsf_sum__sales__00000001',
  keys: ['country'],
  measures: [
    { name: 'orders', type: 'bigint' },
    { name: 'revenue', type: 'decimal' },
  ],
  windowed: true,
} as const;

describe('a name', () => {
  it.each(['', 'a\0b', 'lone \ud800', 'x'.repeat(129)])('that no identifier can be is refused: %j', (name) => {
    expect(() => quoteName(name)).toThrow('a table or column name is empty');
  });

  it('is quoted whatever it holds', () => {
    expect(quoteName('];DROP TABLE x--')).toBe('[]];DROP TABLE x--]');
    expect(quoteText("it's")).toBe("N'it''s'");
  });

  it.each(["it's", 'Größe', 'a b', 'a\0'])('is no place for a word that is not ours: %j', (word) => {
    expect(() => quoteWord(word)).toThrow(RangeError);
    expect(quoteWord('flatten.not-json')).toBe("'flatten.not-json'");
  });

  it.each([1.5, Number.NaN, Infinity, 2 ** 53])('is no place for a number that is not whole: %s', (number) => {
    expect(() => wholeNumber(number)).toThrow(RangeError);
    expect(wholeNumber(-12)).toBe('-12');
  });

  it.each([
    ['Größe', 'groesse', false],
    ['straße', 'STRASSE', true],
    ['é', 'e\u0301', true],
    ['ａ', 'A', true],
    ['かな', 'カナ', true],
    ['a', 'b', false],
  ])('%s and %s are one under some collation: %s', (a, b, same) => {
    expect(collationKey(a) === collationKey(b)).toBe(same);
  });

  it('that a collation would call taken gets a hash, and stays within 128 letters', () => {
    const taken = new Set([collationKey('strasse'), collationKey('x'.repeat(128))]);
    expect(freeUnderCollations('straße', taken, 'p')).toMatch(/^straße_[0-9a-f]{8}$/);
    expect(freeUnderCollations('x'.repeat(300), taken, 'p')).toHaveLength(128);
    expect(constraintName('FK', 'x'.repeat(128), '__parent')).toHaveLength(128);
  });
});

describe('a row', () => {
  it('of as many columns as a table may have fits its page when all text lies elsewhere', () => {
    const users = capabilities.columnsMax - 13;
    expect(64 + users * (24 + 2 + 1 / 8)).toBeLessThan(8_060);
    expect(users).toBeGreaterThan(250);
  });
});

describe('the statements', () => {
  const columns = [
    { name: 'total', sqlType: 'bigint' },
    { name: 'note', sqlType: 'nvarchar(400)' },
  ];

  it('that make flat tables', async () => {
    const root = createFlatTable({ schema: '[dsf]', name: 'orders', parent: null, columns });
    const child = createFlatTable({ schema: '[dsf]', name: 'orders__items', parent: 'orders', columns: [] });
    expect([root.cost, child.cost]).toEqual(['metadata-only', 'metadata-only']);
    await expect(`${root.sql};\n\n${child.sql};\n`).toMatchFileSnapshot('../golden/flat-tables.sql');
  });

  it('that make and fill a summary table', async () => {
    const statements = [...createSummaryTable('[dsf]', layout), createSummaryView('[dsf]', 'sales', layout), upsertGroups('[dsf]', layout)];
    await expect(statements.map((one) => `${one};\n`).join('\n')).toMatchFileSnapshot('../golden/summary-tables.sql');
  });

  it('that change tables say what they cost', () => {
    const note = { name: 'note', sqlType: 'nvarchar(4000)' };
    expect(addColumn('[dsf]', 'orders', note)).toEqual({
      sql: 'ALTER TABLE [dsf].[orders] ADD [note] nvarchar(4000) NULL',
      cost: 'metadata-only',
    });
    expect(alterColumn('[dsf]', 'orders', note).cost).toBe('metadata-only');
    expect(alterColumn('[dsf]', 'orders', { name: 'total', sqlType: 'decimal(38,12)' }).cost).toBe('rewrite');
    expect(describeObject({ schema: 'dsf', kind: 'TABLE', name: "o'r", column: null }, "it's")).toContain("N'o''r'");
  });
});
