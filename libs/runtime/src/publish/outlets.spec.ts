import type { Catalog, CatalogPublication } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { openLane } from '../lane.ts';
import { defaultSettings } from '../settings.ts';
import { catalogOf, fakeContext } from '../specs/fake-context.ts';
import { createOutlets } from './outlets.ts';

const publicationOf = (id: number, name: string): CatalogPublication =>
  ({ id, topic: name, definition: { name, transport: 'kafka', partitions: 1 } }) as unknown as CatalogPublication;
const [revenue, people] = [publicationOf(1, 'revenue'), publicationOf(2, 'people')];
const both = catalogOf(1, { publications: [revenue, people] });
const away = new Failure('retry', 'transport.away', 'the broker is away');
const refused = new Failure('fatal', 'transport.acl', 'no right to write');

const setUp = () => {
  const context = fakeContext({ phase: 'publish', settings: { ...defaultSettings, retryMinMs: 10, retryMaxMs: 60, breakerFailures: 3 } });
  const outlets = createOutlets(context, openLane(context.warehouse, { phase: 'publish', source: 0, lane: 2 }));
  const attempt = (failure: Failure | null, catalog: Catalog = both): Promise<boolean> =>
    outlets.attempt(catalog, revenue, () => (failure === null ? Promise.resolve() : Promise.reject(failure)));
  const breakers = () =>
    context.events.flatMap((event) =>
      event.name === 'breaker-opened' || event.name === 'breaker-closed' ? [`${event.name} ${event.lane} ${event.source}`] : [],
    );
  return { context, outlets, attempt, breakers };
};

describe('the breaker of a publication', () => {
  it('opens after so many failures in a row, while its neighbours are open for documents, and closes with the first that goes out', async () => {
    const { context, outlets, attempt, breakers } = setUp();
    for (let count = 1; count <= 2; count += 1) expect(await attempt(away)).toBe(false);
    expect(breakers()).toEqual([]);
    for (let count = 3; count <= 5; count += 1) await attempt(away);
    expect(breakers()).toEqual(['breaker-opened publish/2 revenue']);
    expect([outlets.isOpen(both, revenue), outlets.isOpen(both, people)]).toEqual([false, true]);
    await context.clock.sleep(60, context.giveUp);
    expect(outlets.isOpen(both, revenue)).toBe(true);
    expect(await attempt(null)).toBe(true);
    expect(breakers()).toEqual(['breaker-opened publish/2 revenue', 'breaker-closed publish/2 revenue']);
  });

  it('opens at once for what only a person can mend', async () => {
    const { attempt, breakers } = setUp();
    await attempt(refused);
    expect(breakers()).toEqual(['breaker-opened publish/2 revenue']);
  });

  it('is closed when the publication is taken out of the definitions', async () => {
    const { outlets, attempt, breakers } = setUp();
    await attempt(refused);
    outlets.keepOnly(both);
    expect(breakers()).toHaveLength(1);
    outlets.keepOnly(catalogOf(2, { publications: [people] }));
    expect(breakers()).toEqual(['breaker-opened publish/2 revenue', 'breaker-closed publish/2 revenue']);
  });
});
