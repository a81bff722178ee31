import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery, OutgoingMessage } from '@dsf/ports';
import { decodeBatches, type AbortedTransaction, type FetchedBatch } from './decode-batches.ts';
import { encodeBatch, recordBytes } from './record-batch.ts';
import { resealed } from './specs/resealed.ts';
import { readWire } from './wire-reader.ts';
import { varintSize, writeWire } from './wire-writer.ts';

const anyBytes = fc.uint8Array({ maxLength: 300 });
const anyMessage: fc.Arbitrary<OutgoingMessage> = fc.record({
  partition: fc.constant(0),
  key: fc.option(anyBytes),
  headers: fc.array(fc.tuple(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('toString', '__proto__', '1', '0')), anyBytes), {
    maxLength: 5,
  }),
  body: fc.option(anyBytes),
});

const from0 = { topic: 't', partition: 0, from: 0 };
const stamp = { producer: '9223372036854775807', epoch: 3, sequence: 7, isTransactional: false };

const batchAt = (offset: number, bodies: readonly string[]): Buffer => {
  const batch = encodeBatch(
    bodies.map((body) => ({ partition: 0, key: null, headers: [], body: new TextEncoder().encode(body) })),
    1000,
    stamp,
  );
  batch.writeBigInt64BE(BigInt(offset), 0);
  return batch;
};

const readAll = (batch: FetchedBatch): readonly Delivery[] => {
  const deliveries: Delivery[] = [];
  for (let delivery = batch.read(); delivery !== null; delivery = batch.read()) deliveries.push(delivery);
  expect([batch.isOver(), batch.bytes()]).toEqual([true, 0]);
  return deliveries;
};
const decodeRecords = (bytes: Buffer, from: number, aborted: readonly AbortedTransaction[]) => {
  const { batches, next, unreadable } = decodeBatches(bytes, { topic: 't', partition: 0, from }, aborted);
  if (unreadable !== null) throw unreadable;
  return { deliveries: batches.flatMap(readAll), next };
};

describe('record batches', () => {
  it('LAW: what is written is what is read, headers in their order', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 2 ** 45 }), (messages, time) => {
        const { deliveries, next } = decodeRecords(encodeBatch(messages, time, stamp), 0, []);
        expect(deliveries.map(({ key, headers, body }) => ({ partition: 0, key, headers, body }))).toEqual(messages);
        expect(deliveries.map(({ offset }) => offset)).toEqual(messages.map((_, index) => index));
        expect(deliveries.every((delivery) => delivery.time === time && delivery.timeType === 'create')).toBe(true);
        expect(next).toBe(messages.length);
        const bound = messages.reduce((sum, message) => sum + recordBytes(message), 61);
        expect(encodeBatch(messages, time, stamp).length).toBeLessThanOrEqual(bound);
      }),
    );
  });

  it('gives nothing below the offset asked for, which may lie inside a batch', () => {
    const { deliveries, next } = decodeRecords(batchAt(10, ['a', 'b', 'c']), 12, []);
    expect(deliveries.map(({ offset }) => offset)).toEqual([12]);
    expect(next).toBe(13);
  });

  it('leaves a batch that was cut off for the next fetch', () => {
    const whole = batchAt(0, ['a']);
    const cut = batchAt(1, ['b']).subarray(0, 40);
    expect(decodeRecords(Buffer.concat([whole, cut]), 0, [])).toMatchObject({ deliveries: [{ offset: 0 }], next: 1 });
    expect(decodeRecords(cut, 1, [])).toEqual({ deliveries: [], next: null });
    expect(decodeRecords(Buffer.alloc(0), 1, [])).toEqual({ deliveries: [], next: null });
  });

  it('says which leader took the last whole batch', () => {
    const [first, last] = [batchAt(0, ['a']), batchAt(1, ['b'])];
    first.writeInt32BE(4, 12);
    last.writeInt32BE(5, 12);
    expect(decodeBatches(Buffer.concat([first, last]), from0, [])).toMatchObject({ next: 2, leaderEpoch: 5 });
    expect(decodeBatches(Buffer.concat([first, last.subarray(0, 40)]), from0, [])).toMatchObject({ next: 1, leaderEpoch: 4 });
    expect(decodeBatches(Buffer.alloc(0), from0, [])).toMatchObject({ next: null, leaderEpoch: null });
  });

  it('refuses the formats of before Kafka 0.11 and compression that it does not know', () => {
    const old = batchAt(5, ['a']);
    old.writeInt8(1, 16);
    expect(() => decodeRecords(old, 5, [])).toThrow(/format 1/);
    const odd = batchAt(5, ['a']);
    odd.writeInt16BE(7, 21);
    expect(() => decodeRecords(resealed(odd), 5, [])).toThrow(/compressed in a way that is not known, number 7/);
  });

  it('says that a compressed batch is broken', () => {
    for (const codec of [1, 2, 3, 4]) {
      const broken = batchAt(0, ['not compressed at all']);
      broken.writeInt16BE(codec, 21);
      expect(() => decodeRecords(resealed(broken), 0, [])).toThrow(
        expect.objectContaining({ kind: 'fatal', code: 'transport.unreadable' }) as Error,
      );
    }
  });
});

describe('numbers of variable length', () => {
  it('LAW: are read as they were written, up to 2^52', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), (value) => {
        const written = writeWire(varintSize(value)).varint(value).finish();
        expect(readWire(written).varint()).toBe(value);
      }),
    );
  });

  it('are refused when they do not end', () => {
    expect(() => readWire(Buffer.alloc(20, 0xff)).varint()).toThrow(RangeError);
    expect(() => readWire(Buffer.from([0x80])).varint()).toThrow(RangeError);
  });
});
