import { definitionsSchema, freshSnapshot } from '@dsf/metadata';
import type { MetadataStore } from '@dsf/ports';
import { fakeClock } from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { createCatalogs } from './catalogs.ts';

const snapshot = freshSnapshot(null, definitionsSchema.parse({ sources: [{ name: 'orders' }] }));

/** A store that counts what it is asked; loading version `slow` waits for the gate. */
const storeOf = (versions: { current: number; readonly slow?: number }) => {
  const asked: string[] = [];
  const gate = Promise.withResolvers<void>();
  const store = {
    currentVersion: async () => {
      asked.push('current');
      return versions.current;
    },
    loadVersion: async (version: number) => {
      asked.push(`load ${version}`);
      if (version === versions.slow) await gate.promise;
      return snapshot;
    },
  } as MetadataStore;
  return { store, asked, open: gate.resolve };
};

const setUp = (versions: { current: number; readonly slow?: number }) => {
  const clock = fakeClock();
  const { store, asked, open } = storeOf(versions);
  return { clock, asked, open, catalogs: createCatalogs(store, clock, { pollMs: 200 }) };
};

describe('catalogs', () => {
  it('ask the store at most once in the poll time, and load each version once', async () => {
    const versions = { current: 1 };
    const { clock, asked, catalogs } = setUp(versions);
    for (let time = 0; time < 3; time += 1) expect((await catalogs.current()).version).toBe(1);
    versions.current = 2;
    expect((await catalogs.current()).version).toBe(1);
    await clock.advance(200);
    expect((await catalogs.current()).version).toBe(2);
    await catalogs.at(1);
    expect(asked).toEqual(['current', 'load 1', 'current', 'load 2']);
  });

  it('ask at once when a range was made by a version that they do not have', async () => {
    const versions = { current: 1 };
    const { catalogs } = setUp(versions);
    await catalogs.current();
    versions.current = 3;
    expect((await catalogs.atLeast(2)).version).toBe(3);
  });

  it('wait for a version that the store does not have yet', async () => {
    const { catalogs } = setUp({ current: 1 });
    await expect(catalogs.atLeast(2)).rejects.toMatchObject({ kind: 'retry', code: 'catalog.behind' });
  });

  it('never go back to an older version, however the answers come', async () => {
    const versions = { current: 1, slow: 2 };
    const { catalogs, open } = setUp(versions);
    await catalogs.current();
    versions.current = 2;
    const late = catalogs.newest();
    versions.current = 3;
    expect((await catalogs.newest()).version).toBe(3);
    open();
    expect((await late).version).toBe(3);
    expect((await catalogs.current()).version).toBe(3);
  });

  it('stop at a version that this binary does not accept', async () => {
    const store = { currentVersion: async () => 1, loadVersion: async () => ({ ...snapshot, sourceIds: {} }) } as unknown as MetadataStore;
    const catalogs = createCatalogs(store, fakeClock(), { pollMs: 200 });
    await expect(catalogs.current()).rejects.toMatchObject({ kind: 'fatal', code: 'catalog.unreadable' });
  });

  it('are empty before anything was activated', async () => {
    expect(await setUp({ current: 0 }).catalogs.current()).toMatchObject({ version: 0, sources: [] });
  });
});
