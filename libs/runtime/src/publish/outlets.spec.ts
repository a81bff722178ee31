import type { Catalog, CatalogPublication } from '@dsf/metadata';
import { Failure, type Transport } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { openLane } from '../lane.ts';
import { defaultSettings } from '../settings.ts';
import { catalogOf, fakeContext, fakeTransport } from '../specs/fake-context.ts';
import { publicationOf } from '../specs/publication-of.ts';
import { createOutlets } from './outlets.ts';

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

/** Clusters that keep who wrote what: the id of a writer, or `plain`. */
const setUpClusters = (laneNumber: number) => {
  const sent: string[] = [];
  const calls: string[] = [];
  const clusterOf = (name: string, hasWriters: boolean): Transport => {
    const sendAs =
      (writer: string): Transport['send'] =>
      async (topic) =>
        void sent.push(`${name} ${topic} ${writer}`);
    return {
      ...fakeTransport({ send: sendAs('plain') }),
      ensureTopic: async (topic, partitions) => void calls.push(`ensure ${name} ${topic} ${partitions}`),
      ...(hasWriters
        ? {
            openWriter: async (topic: string, writer: string) => {
              calls.push(`open ${name} ${topic} ${writer}`);
              return { send: sendAs(writer) };
            },
          }
        : {}),
    };
  };
  const clusters = new Map(['plant', 'abroad'].map((name) => [name, clusterOf(name, true)]));
  const local = clusterOf('local', false);
  const transport = async (kind: string, connection?: { readonly name: string }): Promise<Transport> =>
    (kind === 'kafka' ? clusters.get(connection?.name ?? '') : undefined) ?? local;
  const context = fakeContext({ phase: 'publish', transport });
  const outlets = createOutlets(context, openLane(context.warehouse, { phase: 'publish', source: 0, lane: laneNumber }));
  const document = { partition: 0, key: null, headers: [], body: null };
  const publish = async (publication: CatalogPublication): Promise<void> => {
    await outlets.begin(publication);
    await outlets.send(publication, [document]);
  };
  return { outlets, publish, calls, sent };
};

describe('the writer of a publication', () => {
  it('is one per publication and lane, with the same id after each start', async () => {
    const openedBy = async (laneNumber: number): Promise<readonly string[]> => {
      const { outlets, calls } = setUpClusters(laneNumber);
      for (const publication of both.publications) await outlets.begin(publication);
      return calls.filter((call) => call.startsWith('open '));
    };
    expect(await openedBy(2)).toEqual(['open plant revenue dsf.publish.revenue.2', 'open plant people dsf.publish.people.2']);
    expect(await openedBy(3)).toEqual(['open plant revenue dsf.publish.revenue.3', 'open plant people dsf.publish.people.3']);
    expect(await openedBy(2)).toEqual(await openedBy(2));
  });

  it('has the name of the publication in its id, not that of the topic', async () => {
    const { publish, sent } = setUpClusters(2);
    await publish(publicationOf(1, 'revenue', { topic: 'shared' }));
    await publish(publicationOf(2, 'people', { topic: 'shared' }));
    expect(sent).toEqual(['plant shared dsf.publish.revenue.2', 'plant shared dsf.publish.people.2']);
  });

  it('sends every document, tombstones too, where nothing else is said', async () => {
    const { publish, sent, calls } = setUpClusters(2);
    await publish(revenue);
    await publish(revenue);
    expect(sent).toEqual(['plant revenue dsf.publish.revenue.2', 'plant revenue dsf.publish.revenue.2']);
    // Opened once: each opening shuts out the one before.
    expect(calls).toEqual(['ensure plant revenue 1', 'open plant revenue dsf.publish.revenue.2']);
  });

  it('is not opened where the publication does without, or the transport has none', async () => {
    const { publish, sent, calls } = setUpClusters(2);
    await publish(publicationOf(1, 'revenue', { transactional: false }));
    await publish(publicationOf(2, 'people', { transport: 'local', connection: undefined }));
    expect(sent).toEqual(['plant revenue plain', 'local people plain']);
    expect(calls).toEqual(['ensure plant revenue 1', 'ensure local people 1']);
  });

  it('is opened anew after a failure of the transport, also when it was shut out', async () => {
    const { outlets, publish, calls, sent } = setUpClusters(2);
    await publish(revenue);
    const fenced = new Failure('retry', 'transport.fenced', 'another writer has taken over');
    expect(await outlets.attempt(both, revenue, () => Promise.reject(fenced))).toBe(false);
    await publish(revenue);
    expect(calls.filter((call) => call.startsWith('open '))).toHaveLength(2);
    expect(sent).toHaveLength(2);
  });

  it('follows the definitions to another cluster, another topic, more partitions and to no transactions', async () => {
    const { publish, sent, calls } = setUpClusters(2);
    await publish(revenue);
    await publish(publicationOf(1, 'revenue', { connection: 'abroad' }));
    await publish(publicationOf(1, 'revenue', { connection: 'abroad', topic: 'sales' }));
    await publish(publicationOf(1, 'revenue', { connection: 'abroad', topic: 'sales', partitions: 4 }));
    await publish(publicationOf(1, 'revenue', { connection: 'abroad', topic: 'sales', partitions: 4, transactional: false }));
    expect(sent).toEqual([
      'plant revenue dsf.publish.revenue.2',
      'abroad revenue dsf.publish.revenue.2',
      'abroad sales dsf.publish.revenue.2',
      'abroad sales dsf.publish.revenue.2',
      'abroad sales plain',
    ]);
    expect(calls.filter((call) => call.startsWith('ensure '))).toEqual([
      ...['ensure plant revenue 1', 'ensure abroad revenue 1', 'ensure abroad sales 1'],
      ...['ensure abroad sales 4', 'ensure abroad sales 4'],
    ]);
  });
});
