import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const files = ['deploy/sql/mssql/**/*.sql', 'libs/databases/mssql/src/*.ts']
  .flatMap((pattern) => globSync(pattern, { cwd: new URL('../../../../', import.meta.url) }))
  .filter((file) => !file.endsWith('.spec.ts'));

/** Names in brackets, variables of T-SQL, and SQL Server's own views and procedures. */
const names = files.flatMap((file) => {
  const text = readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8');
  const variables = file.endsWith('.sql') ? /(?<![\w@])@[A-Za-z_]\w*/g : /(?!)/g;
  return [/\[[A-Za-z_]\w*\]/g, /\bsys\.[A-Za-z_]\w*/g, variables].flatMap((pattern) => text.match(pattern) ?? []);
});

it('spells every name in one way, since a database with a case-sensitive collation tells names apart by case', () => {
  const spellings = Map.groupBy(new Set(names), (name) => name.toLowerCase());
  expect(spellings.size).toBeGreaterThan(300);
  expect([...spellings.values()].filter((several) => several.length > 1)).toEqual([]);
});
