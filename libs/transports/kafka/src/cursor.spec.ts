import { realClock } from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { makeCursor, type Cursor } from './cursor.ts';
import { decodeBatches } from './decode-batches.ts';
import { encodeBatch } from './record-batch.ts';
import { resealed } from './specs/resealed.ts';

const stamp = { producer: '1', epoch: 0, sequence: 0, isTransactional: false };
const at = { topic: 't', partition: 0 };
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
  cursor.arrived(cursor.began(), decodeBatches(bytes, { ...at, from }, []));
  return cursor;
};
const texts = (cursor: Cursor, more: Partial<typeof limits> = {}): readonly string[] =>
  cursor.take({ ...limits, ...more }).map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array()));

/** Says which batch, why, and what to do. */
const unreadableAt = (offset: number, next: number, why: RegExp): Error =>
  expect.objectContaining({
    ...{ kind: 'fatal', code: 'transport.unreadable' },
    facts: expect.objectContaining({ topic: 't', partition: 0, offset, start: next }) as unknown,
    message: expect.stringMatching(
      new RegExp(`batch at offset ${offset} of partition 0 of topic "t" .*${why.source}.*a new name and start: "0:${next}"`),
    ) as unknown,
  }) as Error;
/** At another offset than the first. */
const movedTo = (offset: number, bytes: Buffer): Buffer => {
  bytes.writeBigInt64BE(BigInt(offset), 0);
  return bytes;
};

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
    const cursor = withFetched(resealed(bytes));
    expect(texts(cursor)).toEqual(['fine']);
    const unreadable = unreadableAt(0, 3, /a record of it is damaged/);
    expect(() => cursor.take(limits)).toThrow(unreadable);
    expect(() => cursor.take(limits)).toThrow(unreadable);
    expect(cursor.readTo()).toBe(1);
  });

  it.each([
    ['was changed on its way', /its checksum is wrong/, (bytes: Buffer) => bytes.fill(0x7f, bytes.length - 3)],
    ['is of a format from before Kafka 0.11', /format 1 of Kafka before 0.11/, (bytes: Buffer) => void bytes.writeInt8(1, 16)],
    ['is of a format that is not known', /format 3, which is not known/, (bytes: Buffer) => void bytes.writeInt8(3, 16)],
    ['is shorter than a head', /shorter than the head/, (bytes: Buffer) => void bytes.writeInt32BE(20, 8)],
    ['has a length that cannot be', /./, (bytes: Buffer) => void bytes.writeInt32BE(-12, 8)],
  ])('hands out what stands before a batch that %s, and fetches nothing behind it', (_, why, spoil) => {
    const second = movedTo(2, batch(['c', 'd']));
    spoil(second);
    const cursor = withFetched(Buffer.concat([batch(['a', 'b']), second, movedTo(4, batch(['e']))]));
    expect(texts(cursor)).toEqual(['a', 'b']);
    const next = why.source.startsWith('its') ? 4 : 3;
    expect(() => cursor.take(limits)).toThrow(unreadableAt(2, next, why));
    expect(() => cursor.take(limits)).toThrow(unreadableAt(2, next, why));
    expect([cursor.wants(), cursor.readTo(), cursor.passed()]).toEqual([null, 2, 2]);
    cursor.seek(next);
    expect(cursor.wants()).toBe(next);
  });

  it('says which batch cannot be expanded', () => {
    const packed = movedTo(7, batch(['not', 'packed']));
    packed.writeInt16BE(4, 21);
    const cursor = withFetched(Buffer.concat([movedTo(6, batch(['a'])), resealed(packed)]), 6);
    expect(texts(cursor)).toEqual(['a']);
    expect(() => cursor.take(limits)).toThrow(unreadableAt(7, 9, /what zstd made of it cannot be undone/));
  });

  it('holds no large answer in memory for what little it has of it, at once or when most has been read', () => {
    const [small, large] = [batch(['a', 'b']), batch(Array.from({ length: 100 }, () => 'x'.repeat(8000)))];
    const answer = Buffer.alloc(1_000_000);
    small.copy(answer, 1000);
    const cursor = withFetched(answer.subarray(1000, 1000 + small.length));
    const memory = (recordsMax: number): ReadonlySet<unknown> =>
      new Set(cursor.take({ ...limits, recordsMax, bytesMax: 1_000_000 }).map(({ body }) => body?.buffer === answer.buffer));
    expect(memory(1)).toEqual(new Set([false]));

    large.copy(answer, 5000);
    cursor.seek(0);
    cursor.arrived(cursor.began(), decodeBatches(answer.subarray(5000, 5000 + large.length), { ...at, from: 0 }, []));
    expect(memory(90)).toEqual(new Set([true]));
    expect(memory(9)).toEqual(new Set([false]));
    expect([texts(cursor), cursor.bytes()]).toEqual([['x'.repeat(8000)], 0]);
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
    cursor.arrived(look, decodeBatches(batch(['late']), { ...at, from: 0 }, []));
    expect([texts(cursor), cursor.bytes()]).toEqual([[], 0]);
  });
});
