import { describe, expect, it } from 'vitest';
import { buildCatalog } from './build-catalog.ts';
import type { Catalog, Snapshot } from './catalog.ts';
import { definitionsSchema } from './definitions.ts';
import { freshSnapshot } from './fresh-snapshot.ts';
import { formatChange, planChanges } from './plan-changes.ts';

const snapshot = (previous: Snapshot | null, parts: object): Snapshot => freshSnapshot(previous, definitionsSchema.parse(parts));
const catalog = (of: Snapshot): Catalog => {
  const built = buildCatalog(of, 1);
  if (built.catalog === null) throw new Error(JSON.stringify(built.problems));
  return built.catalog;
};
const driver = (measures: object): object => ({ name: 'd', inputs: [{ source: 'a' }], key: { k: 'k' }, measures });

describe('numbers of names', () => {
  it('are given once and never again', () => {
    const first = snapshot(null, {
      sources: [{ name: 'a' }, { name: 'b' }],
      drivers: [driver({ n: 'count' })],
      publications: [{ name: 'p', driver: 'd' }],
    });
    expect(first).toMatchObject({ sourceIds: { a: 1, b: 2 }, publicationIds: { p: 1 }, retiredSources: [] });
    const second = snapshot(first, { sources: [{ name: 'c' }, { name: 'a' }], publications: [] });
    expect(second).toMatchObject({ sourceIds: { a: 1, b: 2, c: 3 }, publicationIds: { p: 1 }, retiredSources: [{ name: 'b' }] });
    const third = snapshot(second, { sources: [{ name: 'b' }] });
    expect(third.sourceIds).toEqual({ a: 1, b: 2, c: 3 });
    expect(third.retiredSources.map(({ name }) => name)).toEqual(['c', 'a']);
    expect(catalog(third).sources).toMatchObject([
      { id: 2, retired: false },
      { id: 3, retired: true },
      { id: 1, retired: true },
    ]);
  });

  it('leave the table of a removed source to it', () => {
    const first = snapshot(null, { sources: [{ name: 'a', table: 't' }] });
    expect(buildCatalog(snapshot(first, { sources: [{ name: 'b', table: 'T' }] }), 2).problems).toMatchObject([
      { code: 'name.table-collision' },
    ]);
  });
});

describe('a plan', () => {
  const before = snapshot(null, {
    sources: [{ name: 'a' }, { name: 'b' }],
    drivers: [driver({ n: 'count' })],
    publications: [{ name: 'p', driver: 'd' }],
  });
  const plan = (parts: object): readonly string[] => planChanges(catalog(before), catalog(snapshot(before, parts))).map(formatChange);

  it('says everything that is new at the first activation', () => {
    expect(planChanges(null, catalog(before)).map(({ action, subject, name }) => `${action} ${subject} ${name}`)).toEqual([
      'add source a',
      'add source b',
      'add driver d',
      'add publication p',
    ]);
  });

  it('is empty when nothing differs', () => {
    expect(plan(before.definitions)).toEqual([]);
    expect(plan({ ...before.definitions, drivers: [driver({ n: { function: 'count' } })] })).toEqual([]);
  });

  it('says that a changed driver is folded again, and its groups published again', () => {
    const changes = plan({ ...before.definitions, drivers: [driver({ n: 'count', s: 'sum(x)' })] });
    expect(changes).toEqual([
      expect.stringMatching(
        /^~ driver d \(inputs, measures\): new instance `d@[0-9a-f]{8}` beside `d@[0-9a-f]{8}`; it will be folded again from all flat rows$/,
      ),
      expect.stringMatching(/^~ publication p \(driver\): publishes `d@[0-9a-f]{8}`; every group is sent again/),
    ]);
  });

  it('names what is removed, what changes and what returns', () => {
    const after = snapshot(before, { settings: { lanes: 8 }, sources: [{ name: 'a', detect: true }] });
    expect(planChanges(catalog(before), catalog(after)).map(formatChange)).toEqual([
      expect.stringMatching(/^~ settings \(lanes\)/),
      expect.stringMatching(/^~ source a \(detect\): records flattened from now on/),
      expect.stringMatching(/^- source b: is not read any more/),
      expect.stringMatching(/^- driver d/),
      expect.stringMatching(/^- publication p/),
    ]);
    expect(planChanges(catalog(after), catalog(snapshot(after, before.definitions))).map(formatChange)).toContainEqual(
      '+ source b: returns and goes on where it stopped',
    );
  });
});
