import { readFileSync } from 'node:fs';

/*
 * For specs: statements that docs/sql-server.md gives to a DBA, so that they are run as they stand there.
 */

const guide = new URL('../../../../docs/sql-server.md', import.meta.url);

/** Every block of SQL. */
export const guideBlocks = (): readonly string[] =>
  [...readFileSync(guide, 'utf8').matchAll(/^```sql\n(.*?)^```$/gms)].map(([, block = '']) => block);

/**
 * As one batch: without lines of GO.
 * @param holds - words that no other block of SQL in the guide has
 * @param schema - in place of `dsf`
 */
export const guideStatements = (holds: string, schema: string): string => {
  const [found, ...others] = guideBlocks().filter((block) => block.includes(holds));
  if (found === undefined || others.length > 0) throw new Error(`docs/sql-server.md has not one block of SQL with ${holds}`);
  return found.replaceAll(/^GO\n/gm, '').replaceAll(/\bdsf(?=(?:_config|_state)?\.)/g, schema);
};
