import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonLines, openWorkplace, repository, type Workplace } from './specs/dsf-process.ts';

let place: Workplace;
beforeEach(() => {
  place = openWorkplace();
});
afterEach(() => place.clear());

const shop = join(repository, 'examples/shop');
const write = (name: string, text: string): void => writeFileSync(join(place.folder, name), text);
const small = (measure: string): string =>
  `sources:\n  - name: a\n    start: earliest\ndrivers:\n  - name: d\n    inputs: [{ source: a }]\n    key: { k: k }\n    measures:\n      m: ${measure}\n`;
const bySql = (...statements: readonly string[]): void => {
  const database = new DatabaseSync(join(place.folder, '.dsf/dsf.db'));
  for (const statement of statements) database.exec(statement);
  database.close();
};

describe('refused definitions', () => {
  it('are shown with file, line, column, the line itself and a hint, and change nothing', async () => {
    write(
      'wrong.yaml',
      'sources:\n  - name: a\ndrivers:\n  - name: d\n    inputs: [{ source: aa }]\n    key: { k: k }\n    measuers: { m: count }\n',
    );
    const { code, stdout, stderr } = await place.dsf(['apply', 'wrong.yaml']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^wrong\.yaml:7:5 error /m);
    expect(stderr).toContain('  |     measuers: { m: count }');
    expect(stderr).toContain('did you mean `measures`?');
    expect(stderr).toContain('nothing was changed');
    expect((await place.dsf(['versions'])).code).toBe(1);
  });

  it('are refused for what they mean, too', async () => {
    write('wrong.yaml', small('sum(').replace('source: a ', 'source: b '));
    const { code, stderr } = await place.dsf(['validate', 'wrong.yaml']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/wrong\.yaml:6:\d+ error /);
    expect(stderr).toMatch(/wrong\.yaml:9:\d+ error expression\.invalid/);
  });

  it.each(['missing.yaml', '.', '\u0000'])('say what is wrong with the path %j', async (path) => {
    if (path === '\u0000') {
      write('bytes.yaml', '\u0000\u0001');
      expect((await place.dsf(['apply', 'bytes.yaml'])).code).toBe(3);
      return;
    }
    const { code, stderr } = await place.dsf(['apply', path]);
    expect(code).toBe(3);
    expect(stderr).toContain(`${path}:1:1 error file.`);
  });
});

it('plans without making an installation', async () => {
  const { code, stdout, stderr } = await place.dsf(['plan', shop]);
  expect(code).toBe(0);
  expect(stdout).toContain('+ source shop.orders');
  expect(stderr).toContain('nothing was changed');
  expect((await place.dsf(['status'])).code).toBe(1);
});

it('applies, says what changes, and makes no version when nothing differs', async () => {
  expect(await place.must(['apply', shop])).toContain('+ driver revenue_by_country');
  const again = await place.dsf(['apply', shop]);
  expect({ code: again.code, stdout: again.stdout }).toEqual({ code: 0, stdout: '' });
  expect(again.stderr).toContain('nothing differs from version 1');
  expect(jsonLines(await place.must(['apply', shop, '--json']))).toEqual([{ kind: 'unchanged', version: 1, changes: [] }]);
});

it('exports what it applied, so that applying the export changes nothing', async () => {
  await place.must(['apply', shop]);
  write('export.yaml', (await place.must(['export'])).replaceAll('sample: ', `sample: ${shop}/`));
  const plan = await place.dsf(['plan', 'export.yaml']);
  expect(plan.code).toBe(0);
  expect(plan.stdout.split('\n').filter((line) => !line.includes('(sample)') && line !== '')).toEqual([]);
});

it('keeps history and rolls back as a new version', async () => {
  write('a.yaml', small('count'));
  write('b.yaml', small('sum(x)'));
  await place.must(['apply', 'a.yaml', '--comment', 'first']);
  await place.must(['apply', 'b.yaml', '--comment', 'second']);
  expect(await place.must(['rollback', '1'])).toMatch(/^~ driver d \(.*measures.*\)/);
  expect(jsonLines(await place.must(['versions', '--json']))).toMatchObject([
    { version: 3, comment: 'rollback to version 1', in_force: true },
    { version: 2, comment: 'second', in_force: false },
    { version: 1, comment: 'first', in_force: false },
  ]);
  expect((await place.dsf(['rollback', '9'])).stderr).toContain('there is no version 9');
});

describe('edits by plain SQL', () => {
  it('become a version when they are activated', async () => {
    write('a.yaml', small('count'));
    await place.must(['apply', 'a.yaml']);
    bySql("UPDATE dsf_measure SET short = 'max(x)' WHERE name = 'm'");
    expect(await place.must(['activate', '--comment', 'by hand'])).toContain('~ driver d');
    expect(await place.must(['export'])).toContain('m: max(x)');
  });

  it('are refused when they do not make definitions, and the last good version stays in force', async () => {
    write('a.yaml', small('count'));
    await place.must(['apply', 'a.yaml']);
    bySql("UPDATE dsf_measure SET short = 'max(' WHERE name = 'm'");
    const { code, stderr } = await place.dsf(['activate']);
    expect(code).toBe(3);
    expect(stderr).toContain('expression.invalid');
    expect(jsonLines(await place.must(['versions', '--json']))).toHaveLength(1);
  });

  it('are not lost to an apply, unless it is told to overwrite them', async () => {
    write('a.yaml', small('count'));
    await place.must(['apply', 'a.yaml']);
    bySql("UPDATE dsf_measure SET short = 'max(x)' WHERE name = 'm'");
    const refused = await place.dsf(['apply', 'a.yaml']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('~ driver d');
    expect(refused.stderr).toContain('--overwrite');
    expect(await place.must(['export'])).toContain('max(x)');
    await place.must(['apply', 'a.yaml', '--overwrite']);
    expect(await place.must(['export'])).toContain('count');
  });
});

it('prints a JSON Schema that knows the fields', async () => {
  const schema = await place.must(['schema']);
  expect(JSON.parse(schema)).toHaveProperty('$schema');
  for (const field of ['sources', 'drivers', 'publications', 'child_scalar', 'event_time']) expect(schema).toContain(`"${field}"`);
});

describe('init', () => {
  it('writes an example that apply takes, and overwrites nothing', async () => {
    await place.must(['init', 'mine']);
    expect((await place.dsf(['validate', 'mine'])).code).toBe(0);
    write('mine/shop.yaml', 'my own work');
    const again = await place.dsf(['init', 'mine']);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('mine already has');
    expect(readFileSync(join(place.folder, 'mine/shop.yaml'), 'utf8')).toBe('my own work');
  });

  it('says why it cannot write', async () => {
    write('file', '');
    const { code, stderr } = await place.dsf(['init', 'file/below']);
    expect(code).toBe(1);
    expect(stderr).toContain('the example cannot be written to file/below');
  });
});

it.each(['shop', 'github'])('comes with the example %s, which is right to the last warning', async (name) => {
  const [found] = jsonLines(await place.must(['validate', join(repository, 'examples', name), '--json']));
  expect(found).toMatchObject({ warnings: [] });
});
