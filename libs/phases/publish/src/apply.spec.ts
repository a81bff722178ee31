import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { hash32 } from '@dsf/messages';
import type { GroupChange, KeyPart, Value } from '@dsf/messages';
import type { Catalog, DriverInstance, PublicationDefinition } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { OutgoingMessage, Tools } from '@dsf/ports';
import { publishPhase } from './index.ts';

const tools: Tools = { sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()) };
const num = (n: number | string): Value & KeyPart => ({ n: String(n) });

const driver: DriverInstance = {
  instance: 'revenue@0a1b2c3d',
  name: 'revenue',
  inputs: [],
  key: ['country', 'tier'],
  windowMs: 3_600_000,
  measures: [
    { name: 'orders', function: 'count', type: 'bigint', max: 100 },
    { name: 'total', function: 'sum', type: 'decimal', max: 100 },
    { name: 'skus', function: 'list', type: 'json', max: 100 },
  ],
};
const planOf = (definition: Partial<PublicationDefinition> = {}, of: DriverInstance = driver) => {
  const whole: PublicationDefinition = {
    name: 'shop.revenue',
    driver: 'revenue',
    transport: 'local',
    partitions: 4,
    numbers: 'string',
    type: 'dsf.summary',
    transactional: true,
    ...definition,
  };
  const catalog: Catalog = {
    version: 3,
    settings: { lanes: 4 },
    sources: [],
    drivers: [of],
    publications: [{ id: 1, topic: 'shop.revenue', driver: of, definition: whole }],
  };
  return publishPhase.compile(catalog, tools);
};

const change = (over: Partial<GroupChange> = {}): GroupChange => ({
  instance: 'revenue@0a1b2c3d',
  key: ['CH', num(2)],
  window: Date.UTC(2026, 0, 2, 3),
  revision: 17,
  reason: 'update',
  time: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  version: 3,
  status: 'live',
  measures: [num(3), num('12345678901234567.89'), { m: { items: { l: ['a', num(1), null, true] }, total: num(4), truncated: false } }],
  ...over,
});

const decoder = new TextDecoder();
const textOf = (bytes: Uint8Array | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : decoder.decode(bytes);
const headersOf = (message: OutgoingMessage | undefined): Readonly<Record<string, string | null>> =>
  Object.fromEntries((message?.headers ?? []).map(([name, value]) => [name, textOf(value)]));
const readable = (message: OutgoingMessage | undefined) => ({
  partition: message?.partition,
  key: textOf(message?.key),
  headers: headersOf(message),
  body: textOf(message?.body),
});
const bodies = (definition: Partial<PublicationDefinition>, ...changes: readonly GroupChange[]) =>
  publishPhase.apply(planOf(definition), 1, changes).messages.map(({ body }) => textOf(body));

it('refuses a publication that the plan does not have', () => {
  expect(() => publishPhase.apply(planOf(), 2, [])).toThrow(Failure);
});

it('refuses a state that the template cannot be computed for, and publishes the others', () => {
  const effects = publishPhase.apply(planOf({ body: { half: 'measures.orders / key.tier' } }), 1, [
    change({ key: ['CH', 'gold'], revision: 1 }),
    change({ key: ['DE', num(2)], revision: 2 }),
  ]);
  expect(effects.refusals).toMatchObject([{ change: { revision: 1 }, code: 'publish.template' }]);
  expect(effects.refusals[0]?.detail).not.toBe('');
  expect(effects.messages.map(({ body }) => textOf(body))).toEqual(['{"half":"1.5"}']);
});

it('reads what a state does not have as null, never as something inherited', () => {
  expect(
    bodies({ body: { a: 'measures.missing', b: 'key.constructor', c: 'nothing.at.all', d: 'measures["__proto__"]' } }, change()),
  ).toEqual(['{"a":null,"b":null,"c":null,"d":null}']);
});

it('publishes nothing of a failed group, also when it was good a moment before', () => {
  const failed = change({ revision: 18, status: 'failed', measures: [] });
  expect(publishPhase.apply(planOf(), 1, [change(), failed])).toEqual({ messages: [], refusals: [], filtered: 2 });
});

it('leaves out changes of other driver instances', () => {
  expect(publishPhase.apply(planOf(), 1, [change({ instance: 'revenue@ffffffff' })]).messages).toEqual([]);
});

it('writes the documents of the golden file: live, retracted, without window', () => {
  const written = [
    publishPhase.apply(planOf(), 1, [change()]),
    publishPhase.apply(planOf(), 1, [change({ revision: 18, reason: 'retract', status: 'gone', measures: [] })]),
    publishPhase.apply(planOf({ numbers: 'number' }, { ...driver, windowMs: null }), 1, [change({ window: null })]),
  ].map(({ messages }) => messages.map(readable));
  expect(written).toEqual(JSON.parse(readFileSync(new URL('golden/documents-1.json', import.meta.url), 'utf8')));
});

it('writes numbers with every digit, as JSON strings or as JSON numbers', () => {
  const body = { total: 'measures.total', sum: 'measures.total + 0.11' };
  expect(bodies({ body }, change())).toEqual(['{"total":"12345678901234567.89","sum":"12345678901234568"}']);
  expect(bodies({ body, numbers: 'number' }, change())).toEqual(['{"total":12345678901234567.89,"sum":12345678901234568}']);
});

it('shapes the document by the template, with its constants and lists', () => {
  const body = {
    kind: '"summary"',
    version: 1.5,
    flags: [true, null, 'key.tier > 1'],
    from: 'window.start',
    items: 'measures.skus.items',
    'a "name"': {},
  };
  expect(bodies({ body }, change())).toEqual([
    '{"kind":"summary","version":1.5,"flags":[true,null,true],"from":"2026-01-02T03:00:00.000Z","items":["a","1",null,true],"a \\"name\\"":{}}',
  ]);
  expect(bodies({ body: { from: 'window.start', window: 'window' } }, change({ window: null }))).toEqual(['{"from":null,"window":null}']);
});

it('coalesces the changes of a group into the last, in the order of the last ones', () => {
  const changes = [
    change({ revision: 1, key: ['CH', null] }),
    change({ revision: 2, key: ['DE', null] }),
    change({ revision: 3, key: ['CH', null] }),
    change({ revision: 4, key: ['CH', null], window: 0 }),
  ];
  const sent = publishPhase
    .apply(planOf(), 1, changes)
    .messages.map((message) => [textOf(message.key), headersOf(message)['ce_dsfrevision']]);
  expect(sent).toEqual([
    ['["DE",null]@1767322800000', '2'],
    ['["CH",null]@1767322800000', '3'],
    ['["CH",null]@0', '4'],
  ]);
});

it('keeps all windows of a key in one partition, and uses them all', () => {
  const partitions = new Set<number>();
  for (let tier = 0; tier < 50; tier += 1) {
    const key = ['CH', num(tier)];
    const messages = publishPhase.apply(
      planOf({ partitions: 3 }),
      1,
      [0, 1, 2].map((hour) => change({ key, window: hour * 3_600_000 })),
    ).messages;
    expect(new Set(messages.map(({ partition }) => partition))).toEqual(new Set([hash32(JSON.stringify(key)) % 3]));
    for (const { partition } of messages) partitions.add(partition);
  }
  expect(partitions).toEqual(new Set([0, 1, 2]));
});

it('gives the same state the same document, and every other revision, group and publication another id', () => {
  const idOf = (definition: Partial<PublicationDefinition>, over: Partial<GroupChange>): string | null | undefined =>
    headersOf(publishPhase.apply(planOf(definition), 1, [change(over)]).messages[0])['ce_id'];
  expect(publishPhase.apply(planOf(), 1, [change()])).toEqual(publishPhase.apply(planOf(), 1, [change()]));
  const ids = [
    idOf({}, {}),
    idOf({}, { revision: 18 }),
    idOf({}, { window: 0 }),
    idOf({}, { window: null }),
    idOf({}, { key: ['CH', '2'] }),
    idOf({ name: 'other' }, {}),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => /^[0-9a-f]{64}$/.test(id ?? ''))).toBe(true);
});
