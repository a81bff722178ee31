import { createHash } from 'node:crypto';
import type { Catalog } from '@dsf/metadata';
import type { Delivery } from '@dsf/ports';
import { expect, it } from 'vitest';
import { apply } from './apply.ts';
import { compile } from './compile.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const plan = compile({ sources: [{ id: 7, topic: 'shop.orders' }] } as unknown as Catalog, { sha256 });
const body = new TextEncoder().encode('{"a": 1');
const delivery: Delivery = {
  ...{ offset: 12, time: 5, timeType: 'append', key: new Uint8Array([0, 255]) },
  ...{ headers: [['h', new Uint8Array()]], body },
};
const rowsOf = (...deliveries: readonly Delivery[]) => apply(plan, { source: 7, partition: 3, deliveries, ingestedAt: 99 });

it('stores a message as it came, also where its bytes are no JSON, with its topic and hash', () => {
  const { body: payload, ...rest } = delivery;
  const place = { source: 7, partition: 3, ingestedAt: 99, topic: 'shop.orders' };
  expect(rowsOf(delivery)).toEqual([{ ...rest, ...place, payload, sha256: sha256(body) }]);
});

it('stores a tombstone without a hash', () => {
  expect(rowsOf({ ...delivery, body: null })).toMatchObject([{ payload: null, sha256: null }]);
});

it('stores a time that no calendar has as the nearest that one has', () => {
  expect(rowsOf({ ...delivery, time: 2 ** 63 }, { ...delivery, time: 6 })).toMatchObject([{ time: 8.64e15 }, { time: 6 }]);
});
