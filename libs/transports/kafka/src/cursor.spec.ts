import { realClock } from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { makeCursor, type Cursor } from './cursor.ts';
import { decodeBatches, encodeBatch } from './record-batch.ts';

const stamp = { producer: '1', epoch: 0, sequence: 0, isTransactional: false };
const limits = { recordsMax: 100, bytesMax: 1000, waitMs: 0 };
const batch = (bodies: readonly string[]): Buffer =>
  encodeBatch(
    bodies.map((body) => ({ partition: 0, key: null, headers: [], body: new TextEncoder().encode(body) })),
    1000,
    stamp,
  );
const withFetched = (bytes: Buffer, from = 0): Cursor => {
  const cursor = makeCursor(0, realClock);
  cursor.seek(from);
  cursor.arrived(cursor.began(), decodeBatches(bytes, from, []));
  return cursor;
};
const texts = (cursor: Cursor, more: Partial<typeof limits> = {}): readonly string[] =>
  cursor.take({ ...limits, ...more }).map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array()));

describe('a cursor', () => {
  it('hands out what was fetched within the limits, and keeps the message that did not fit for the next read', () => {
    const cursor = withFetched(batch(['aaaa', 'bbbb', 'c'.repeat(50), 'd']));
    expect(texts(cursor, { recordsMax: 1 })).toEqual(['aaaa']);
    expect(texts(cursor, { bytesMax: 20 })).toEqual(['bbbb']);
    expect(cursor.passed()).toBe(2);
    expect(cursor.bytes()).toBeGreaterThanOrEqual(50);
    expect(texts(cursor, { bytesMax: 20 })).toEqual(['c'.repeat(50)]);
    expect(texts(cursor)).toEqual(['d']);
    expect([cursor.bytes(), cursor.passed(), texts(cursor)]).toEqual([0, 4, []]);
  });

  it('hands out what stands before a damaged message, and says that it is damaged whenever it is read again', () => {
    const bytes = batch(['fine', 'damaged', 'behind']);
    // The length of the second body now reaches beyond the batch.
    bytes[bytes.indexOf('damaged') - 1] = 0x7e;
    const cursor = withFetched(bytes);
    expect(texts(cursor)).toEqual(['fine']);
    const unreadable = expect.objectContaining({ kind: 'fatal', code: 'transport.unreadable' }) as Error;
    expect(() => cursor.take(limits)).toThrow(unreadable);
    expect(() => cursor.take(limits)).toThrow(unreadable);
    expect(cursor.readTo()).toBe(1);
  });

  it('has passed a batch of which nothing counts', () => {
    const cursor = withFetched(batch(['below', 'below too']), 2);
    expect(texts(cursor)).toEqual([]);
    expect([cursor.bytes(), cursor.passed()]).toEqual([0, 2]);
  });

  it('throws away what was fetched for the place where it stood before', () => {
    const cursor = withFetched(batch(['a', 'b']));
    const look = cursor.began();
    expect(texts(cursor, { recordsMax: 1 })).toEqual(['a']);
    cursor.seek(0);
    cursor.arrived(look, decodeBatches(batch(['late']), 0, []));
    expect([texts(cursor), cursor.bytes()]).toEqual([[], 0]);
  });
});
