import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnMssql, freshMssqlSchema, mssqlVariables, type MssqlTestSchema } from '@dsf/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { jsonLines, openWorkplace, repository, type Workplace } from './specs/dsf-process.ts';

/*
 * The commands of a person's day, on SQL Server and on SQLite: what they print is the same.
 */

/** One lane and one partition: nothing races for a number. */
const definitions = (filter: string): string => `
settings: { lanes: 1 }
sources:
  - { name: shop.orders, partitions: 1, paths: { customer: columns, total: { type: decimal } } }
drivers:
  - name: revenue_by_country
    inputs: [{ source: shop.orders${filter} }]
    key: { country: customer.country }
    measures: { orders: count, revenue: sum(total), dearest: max(total) }
publications:
  - { name: shop.revenue, driver: revenue_by_country }
`;

const orders = [
  '{"id":"o-1","customer":{"country":"US"},"total":12.5,"items":[{"sku":"a"},{"sku":"b"}]}',
  '{"id":"o-2","customer":{"country":"DE"},"total":0.1}',
  '{"id":"o-3","customer":{"country":"US"},"total":"n/a"}',
  'no json',
  '{"id":"o-4","customer":{"country":"Österreich"},"total":1234567.875}',
];

const totals = 'SELECT country, orders, revenue, dearest FROM revenue_by_country ORDER BY revenue';

/** In their order; the last word of some is a question. */
const commands: readonly (readonly string[])[] = [
  ['validate', 'first.yaml'],
  ['apply', 'first.yaml'],
  ['apply', 'first.yaml'],
  ['versions'],
  ['status'],
  ['produce', 'shop.orders', 'orders.jsonl', '--key', 'id'],
  ['run', '--until-idle'],
  ['status'],
  ['status', '--json'],
  ['tables'],
  ['query', totals],
  ['query', totals, '--csv'],
  ['query', 'SELECT id, customer__country, total, _dsf_off FROM shop_orders ORDER BY id', '--json'],
  ['query', totals, '--max', '1'],
  ['query', 'DELETE FROM shop_orders'],
  ['failures', 'list'],
  ['failures', 'list', '--json'],
  ['failures', 'show', '1'],
  ['failures', 'show', '9'],
  ['apply', 'second.yaml'],
  ['failures', 'replay', '--all'],
  ['failures', 'list', '--status', 'replaying'],
  ['run', '--until-idle'],
  ['failures', 'list', '--status', 'all'],
  ['failures', 'replay', '2'],
  ['rebuild', 'revenue_by_countri'],
  ['rebuild', 'revenue_by_country'],
  ['status', '--json'],
  ['purge', 'shop.orders', '--before', '2999-01-01', '--rows', 'both'],
  ['run', '--until-idle'],
  ['tables'],
  ['query', totals],
  ['status'],
  ['consume', 'shop.revenue', '--from-beginning', '--until-end'],
];

/** Without times, without how far a run had come each second and how many turns its lanes took, and without the words of the database for who may not write. */
const lastingPart = (text: string): readonly string[] =>
  text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
    .replaceAll(/"revision":\d+/g, '"revision":<number>')
    .replaceAll(/\((?:not authorized|DELETE)\)/g, '(<who>)')
    .split('\n')
    .filter((line) => !/^ingest \d+ records \(/.test(line));

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

describeOnMssql(process.env, (server) => {
  let schema: MssqlTestSchema;
  let onServer: Workplace;
  let onFile: Workplace;
  beforeEach(async () => {
    schema = await freshMssqlSchema(server);
    onServer = openWorkplace(mssqlVariables(server, schema.name));
    onFile = openWorkplace();
    for (const { folder } of [onServer, onFile]) {
      writeFileSync(join(folder, 'first.yaml'), definitions(''));
      writeFileSync(join(folder, 'second.yaml'), definitions(`, filter: 'total != "n/a"'`));
      writeFileSync(join(folder, 'orders.jsonl'), `${orders.join('\n')}\n`);
    }
  });
  afterEach(async () => {
    for (const place of [onServer, onFile]) place.clear();
    await schema.discard();
  });

  it('`migrate` prints what it would do, does it once from two places, and lists it', async () => {
    const files = readdirSync(join(repository, 'deploy/sql/mssql')).filter((name) => name.endsWith('.sql'));
    const script = await onServer.must(['migrate', '--dry-run']);
    expect(script).toMatch(/^-- sqlcmd -b -I .*\n(--.*\n)+:on error exit\nGO\n/);
    // Of two that stand in for each other the script has one, and says that it leaves the other out.
    expect(files.filter((name) => !script.includes(`\n-- ${name}\n`) && !script.includes(`\n-- ${name} is left out: `))).toEqual([]);
    const tooEarly = await onServer.dsf(['apply', 'first.yaml']);
    expect(tooEarly).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('run `dsf migrate`') });

    const ends = await Promise.all([onServer.dsf(['migrate']), onServer.dsf(['migrate'])]);
    expect(ends.map(({ code, stdout }) => ({ code, stdout }))).toEqual([
      { code: 0, stdout: '' },
      { code: 0, stdout: '' },
    ]);
    const steps = ends.flatMap(({ stderr }) => linesOf(stderr)).filter((line) => line !== 'the database has everything already');
    const outcomes = new Map(steps.map((line) => [line.split(/[ :]/)[1], line.split(' ')[0]]));
    expect(steps).toHaveLength(files.length);
    expect(new Set(outcomes.keys())).toEqual(new Set(files));

    const states = jsonLines(await onServer.must(['migrate', 'status', '--json']));
    expect(states.map(({ name, state }) => [name, state])).toEqual(files.map((name) => [name, outcomes.get(name)]));
    expect(
      linesOf(await onServer.must(['migrate', 'status']))
        .slice(2)
        .map((line) => line.split(/ +/).slice(0, 2)),
    ).toEqual(files.map((name) => [name, outcomes.get(name)]));
    expect(await onServer.dsf(['migrate'])).toMatchObject({ code: 0, stdout: '', stderr: 'the database has everything already\n' });
    expect(await onServer.dsf(['migrate', '--dry-run'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await onFile.dsf(['migrate'])).toMatchObject({ code: 1, stderr: expect.stringContaining('DSF_DATABASE=mssql') });
  });

  it('other commands print what they print on SQLite', async () => {
    await onServer.must(['migrate']);
    for (const args of commands) {
      const [here, there] = (await Promise.all([onServer.dsf(args), onFile.dsf(args)])).map(({ code, stdout, stderr }) => ({
        command: args.join(' '),
        code,
        stdout: lastingPart(stdout).toSorted(),
        stderr: lastingPart(stderr),
      }));
      expect(here).toEqual(there);
    }
    expect(await onServer.must(['query', totals])).toContain('Österreich       1  1234567.875');
    const [status] = jsonLines(await onServer.must(['status', '--json']));
    expect(status).toMatchObject({ version: 2, idle: true, openRequests: 0, openFailures: 1 });
  }, 600_000);
});
