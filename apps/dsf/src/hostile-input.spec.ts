import { hash } from 'node:crypto';
import { unflatten } from '@dsf/phase-flatten';
import type { OutgoingMessage } from '@dsf/ports';
import type { Status } from '@dsf/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileInputs, utf8 } from './hostile/inputs.ts';
import { formOfText } from './hostile/normal-form.ts';
import { readFailures, readOutcomes, readRaw, type Outcome } from './hostile/outcomes.ts';
import { startPipeline, type Pipeline } from './hostile/pipeline.ts';
import { newestByKey, readAll } from './hostile/published.ts';

const definitions = {
  sources: [{ name: 'hostile', partitions: 1 }],
  drivers: [
    {
      name: 'good',
      inputs: [{ source: 'hostile', filter: 'customer != null' }],
      key: { customer: 'customer' },
      measures: { orders: 'count', total: 'sum(amount)' },
    },
    { name: 'numbers', inputs: [{ source: 'hostile', table: 'items' }], key: {}, measures: { items: 'count', total: 'sum(items.n)' } },
    { name: 'texts', inputs: [{ source: 'hostile', filter: 'text != null' }], key: { text: 'text' }, measures: { times: 'count' } },
  ],
  publications: ['good', 'numbers', 'texts'].map((name) => ({ name, driver: name })),
};

/** Before, between and after the others. */
const good = (index: number): string => `{"id":${index},"customer":"c${index % 3}","amount":${index}.25}`;

/** Roots of all messages that are objects, as JavaScript sees them. */
const roots = (): readonly Readonly<Record<string, unknown>>[] =>
  hostileInputs
    .filter(({ ends }) => ends === 'row')
    .flatMap(({ payload }) => [JSON.parse(new TextDecoder().decode(payload ?? new Uint8Array()))].flat(1) as unknown[])
    .filter((root): root is Readonly<Record<string, unknown>> => typeof root === 'object' && root !== null && !Array.isArray(root));

let pipeline: Pipeline;
let sent: readonly (Uint8Array | null)[] = [];
let status: Status;
let outcomes: readonly Outcome[] = [];

const message = (body: Uint8Array | null): OutgoingMessage => ({ partition: 0, key: null, headers: [], body });
const outcomeOf = (index: number): Outcome | undefined => outcomes[index * 2 + 1];

beforeAll(async () => {
  pipeline = await startPipeline(definitions);
  await pipeline.installation.local.ensureTopic('hostile', 1);
  sent = [...hostileInputs.flatMap(({ payload }, index) => [utf8(good(index)), payload]), utf8(good(hostileInputs.length))];
  await pipeline.send('hostile', sent.map(message));
  status = await pipeline.settle();
  outcomes = await readOutcomes(pipeline.installation, unflatten, { source: 'hostile', partition: 0 });
}, 120_000);

afterAll(() => pipeline.stop());

describe('a hostile message', () => {
  it.each(hostileInputs.map((input, index) => ({ ...input, index })))('ends as it should: $name', ({ payload, ends, index }) => {
    const outcome = outcomeOf(index);
    if (ends === 'row') expect(outcome).toEqual({ kind: 'row', form: formOfText(new TextDecoder().decode(payload ?? new Uint8Array())) });
    else if (ends === 'filtered') expect(outcome).toEqual({ kind: 'filtered' });
    else expect(outcome).toMatchObject({ kind: 'failed', code: ends });
  });
});

describe('hostile messages together', () => {
  it('are stored as they came, to the last byte', async () => {
    const { rows } = await pipeline.installation.warehouse.inspect.query(
      'select sha256, size from dsf_raw order by _dsf_off',
      sent.length + 1,
    );
    const sha256 = (body: Uint8Array): string => hash('sha256', body);
    expect(rows.map(([sum, size]) => [sum instanceof Uint8Array ? sum.toHex() : sum, size])).toEqual(
      sent.map((body) => [body === null ? null : sha256(body), body?.byteLength ?? 0]),
    );
    const raw = await readRaw(pipeline.installation, 'hostile', 0);
    expect(raw.map(({ payload }) => payload && sha256(payload))).toEqual(sent.map((body) => body && sha256(body)));
  });

  it('leave their neighbours alone', () => {
    const neighbours = outcomes.filter((_, index) => index % 2 === 0);
    expect(neighbours).toEqual(neighbours.map((_, index) => ({ kind: 'row', form: formOfText(good(index)) })));
  });

  it('are all accounted for, in every phase', async () => {
    const [ingest, flatten, summarise] = status.sources[0]?.phases ?? [];
    const failed = hostileInputs.filter(({ ends }) => ends.startsWith('flatten.')).length;
    const filtered = hostileInputs.filter(({ ends }) => ends === 'filtered').length;
    expect(ingest).toMatchObject({ received: sent.length, written: sent.length, failed: 0, filtered: 0 });
    expect(flatten).toMatchObject({ received: sent.length, written: sent.length - failed - filtered, failed, filtered });
    expect(await readFailures(pipeline.installation, 'flatten')).toHaveLength(failed);
    expect(summarise).toMatchObject({ failed: 0 });
    expect(await readFailures(pipeline.installation, 'summarise')).toEqual([]);
    expect(await readFailures(pipeline.installation, 'publish')).toEqual([]);
    expect(pipeline.events.filter(({ name }) => name === 'stopped')).toEqual([]);
  });

  it('leave no trace in objects that they do not belong to', () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('summaries and documents beside hostile messages', () => {
  const documents = async (topic: string): Promise<readonly unknown[]> =>
    [...newestByKey(await readAll(pipeline.installation, topic)).values()].map((body) => JSON.parse(body) as unknown);

  it('count good messages exactly', async () => {
    const expected = new Map<string, { orders: number; cents: number }>();
    for (let index = 0; index <= hostileInputs.length; index += 1) {
      const { orders, cents } = expected.get(`c${index % 3}`) ?? { orders: 0, cents: 0 };
      expected.set(`c${index % 3}`, { orders: orders + 1, cents: cents + index * 100 + 25 });
    }
    const wanted = [...expected].map(([customer, { orders, cents }]) => ({
      key: { customer },
      window: null,
      measures: { orders: String(orders), total: String(cents / 100) },
    }));
    const published = await documents('good');
    expect(published).toHaveLength(3);
    expect(published).toEqual(expect.arrayContaining(wanted));
    const { rows } = await pipeline.installation.warehouse.inspect.query('select customer, orders, total from good', 10);
    expect(new Map(rows.map(([customer, orders, total]) => [customer, [orders, total]]))).toEqual(
      new Map([...expected].map(([customer, { orders, cents }]) => [customer, [orders, String(cents / 100)]])),
    );
  });

  it('add up a list of 100,000 items', async () => {
    const lists = roots().flatMap(({ items }) => (Array.isArray(items) ? [items as readonly unknown[]] : []));
    const items = lists.flat(1);
    const total = items.reduce<number>((sum, item) => sum + ((item as { readonly n?: number }).n ?? 0), 0);
    expect(items.length).toBeGreaterThan(180_000);
    expect(await documents('numbers')).toEqual([
      { key: {}, window: null, measures: { items: String(items.length), total: String(total) } },
    ]);
  });

  it('keep every text apart as a key, whatever is in it', async () => {
    const texts = roots().flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
    const expected = new Map(texts.map((text) => [text, texts.filter((other) => other === text).length]));
    const published = (await documents('texts')) as readonly {
      readonly key: { readonly text: string };
      readonly measures: { readonly times: string };
    }[];
    expect(texts.length).toBeGreaterThan(10);
    expect(published).toHaveLength(expected.size);
    for (const { key, measures } of published) expect(Number(measures.times)).toBe(expected.get(key.text));
  });
});
