import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const pages = globSync(['README.md', 'docs/*.md', 'libs/README.md'], { cwd: root }).sort();
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const withoutCode = (text: string): string =>
  text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ' '));

/** A heading's anchor, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (file: string): ReadonlySet<string> =>
  new Set(
    [
      ...read(file)
        .replaceAll(/^```[\s\S]*?^```$/gm, '')
        .matchAll(/^#+ (.*)$/gm),
    ].map(([, heading = '']) => anchorOf(heading)),
  );

/** Relative links of a page that lead nowhere. */
const brokenLinks = (page: string): readonly string[] =>
  [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !(target.endsWith('.md') && anchorsOf(target).has(anchor));
    });

const sourceOf = (folder: string): string =>
  globSync(`${folder}/**/*.ts`, { cwd: root })
    .filter((file) => !file.endsWith('.spec.ts'))
    .map(read)
    .join('\n');

describe('the pages', () => {
  it.each(pages)('%s has links that lead somewhere', (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  const commands = new Set([...sourceOf('apps/dsf/src').matchAll(/new Command\('([a-z]+)'\)/g)].map(([, name = '']) => name));
  it.each(pages)('%s names commands that exist', (page) => {
    expect(commands).toContain('apply');
    const named = [...read(page).matchAll(/npx dsf (?!--)([a-z]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !commands.has(name))).toEqual([]);
  });

  it('operations.md explains every metric', () => {
    const metrics = new Set([...sourceOf('libs/observability/src').matchAll(/'(dsf_[a-z_]+)'/g)].map(([, name = '']) => name));
    const explained = new Set([...read('docs/metrics.md').matchAll(/`(dsf_[a-z_]+)`/g)].map(([, name = '']) => name));
    expect(metrics.size).toBeGreaterThan(15);
    expect([...metrics].filter((metric) => !explained.has(metric))).toEqual([]);
  });

  it('tables.md explains every table', () => {
    const tables = [
      ...globSync('deploy/sql/sqlite/*.sql', { cwd: root })
        .map(read)
        .join('\n')
        .matchAll(/^CREATE TABLE (\w+)/gm),
    ].map(([, name = '']) => name);
    const page = read('docs/tables.md');
    expect(tables.length).toBeGreaterThan(15);
    expect(tables.filter((table) => !page.includes(`\`${table}\``))).toEqual([]);
  });
});
