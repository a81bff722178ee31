import type { Catalog, DriverInstance } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { catalogOf } from '../specs/fake-context.ts';
import { createKnownInstances } from './known-instances.ts';

const driver = (instance: string): DriverInstance => ({ instance, name: 'sales', inputs: [], key: ['city'], windowMs: null, measures: [] });
const version = (number: number, ...instances: readonly string[]): Catalog => catalogOf(number, { drivers: instances.map(driver) });

const room = (...versions: readonly Catalog[]) => {
  const asked: number[] = [];
  const known = createKnownInstances({
    async at(number) {
      asked.push(number);
      return versions.find((one) => one.version === number) ?? catalogOf(0);
    },
  });
  const newest = versions.at(-1) ?? catalogOf(0);
  return { asked, known: async (since: number) => [...(await known(newest, since))] };
};

describe('what the sender of a range knew', () => {
  it('are the instances that its version had, and every version since', async () => {
    const { known } = room(version(1, 'a', 'b', 'gone'), version(2, 'a', 'c'), version(3, 'a', 'b', 'c'));
    expect(await known(3)).toEqual(['a', 'b', 'c']);
    expect(await known(2)).toEqual(['a', 'c']);
    // `b` was away in version 2, and has begun anew.
    expect(await known(1)).toEqual(['a']);
  });

  it('is nothing of what came after it, down to before the first version', async () => {
    const { known } = room(version(1, 'a'), version(2, 'b'));
    expect(await known(1)).toEqual([]);
    expect(await known(0)).toEqual([]);
  });

  it('is nothing where a version in between is one that this binary does not accept, so that rows are read', async () => {
    const known = createKnownInstances({
      async at(number) {
        if (number === 2) throw new Failure('fatal', 'catalog.unreadable', 'version 2 is not accepted');
        return version(number, 'a');
      },
    });
    expect([...(await known(version(4, 'a'), 3))]).toEqual(['a']);
    expect([...(await known(version(4, 'a'), 1))]).toEqual([]);
  });

  it('is worked out once per version, and anew for another catalog', async () => {
    const versions = [version(1, 'a'), version(2, 'a'), version(3, 'a')];
    const { asked, known } = room(...versions);
    for (const since of [2, 1, 2, 1, 3]) expect(await known(since)).toEqual(['a']);
    expect(asked).toEqual([2, 1]);
    const again = createKnownInstances({ at: async (number) => versions[number - 1] ?? catalogOf(0) });
    expect([...(await again(version(3, 'a'), 1))]).toEqual(['a']);
    expect([...(await again(version(4, 'a', 'b'), 1))]).toEqual(['a']);
    expect([...(await again(version(5, 'b'), 1))]).toEqual([]);
  });
});
