import { describe, expect, it } from 'vitest';
import { batchesOf, missingFrom, readMigrations, reasonToSkip } from './migrations.ts';
import { failureOf } from './verdict.ts';

const applied = readMigrations().map(({ id, name, checksum }) => ({ id, name, checksum, appliedAt: 0, appliedBy: 'x', skipped: null }));

describe('migrations', () => {
  it('of a newer DSF, or with another text, are refused', () => {
    expect(() =>
      missingFrom([{ id: 9000, name: '9000_x.sql', checksum: '', appliedAt: 0, appliedBy: 'x', skipped: null }], readMigrations()),
    ).toThrow('newer DSF');
    expect(() => missingFrom([{ ...applied[0], checksum: 'other' } as (typeof applied)[number]], readMigrations())).toThrow(
      'is not the file',
    );
  });

  it('are numbered without gaps and missing in their order', () => {
    expect(readMigrations().map(({ id }) => id)).toEqual(readMigrations().map((_, index) => index + 1));
    expect(missingFrom(applied.slice(0, 1), readMigrations()).map(({ id }) => id)).toEqual(
      readMigrations()
        .slice(1)
        .map(({ id }) => id),
    );
    expect(missingFrom(applied, readMigrations())).toEqual([]);
  });

  it('fall into batches at lines of GO, with the schema filled in', () => {
    expect(batchesOf('SELECT 1;\nGO\n-- words alone\nGO\nSELECT [$(schema)].[GO]\n', 'mine')).toEqual(['SELECT 1;', 'SELECT [mine].[GO]']);
  });

  it('leave a view of what is wrong that asks for no part of a text of negative length, which would end the question whatever stands beside it', () => {
    const view = readMigrations().findLast(({ sql }) => sql.includes('CREATE VIEW [$(schema)_config].[validate]'))?.sql ?? '';
    expect(view).toContain("N'retention_raw'");
    expect(view).not.toMatch(/\bLEN\([^()]*\) - /);
  });

  it('that the server has no use for are skipped with its own words, and nobody is asked to report a defect', () => {
    const words = "'PERIOD FOR SYSTEM_TIME' is not currently supported";
    const failure = failureOf(Object.assign(new Error(words), { code: 'EREQUEST', number: 102, class: 15 }), {});
    expect(String(failure)).toContain('defect of DSF');
    expect(reasonToSkip('system-versioned temporal tables', failure)).toBe(
      `this server has no system-versioned temporal tables; it said: ${words}`,
    );
  });
});
