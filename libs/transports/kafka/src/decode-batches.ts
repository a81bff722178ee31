/* The way back from `record-batch.ts`, of what brokers keep: compressed, in transactions, cut off, damaged. */
import type { Header } from '@dsf/messages';
import { Failure, type Delivery, type FailureFacts } from '@dsf/ports';
import { crc32c } from './crc32c.ts';
import { decompress } from './decompress.ts';
import { attribute, batchOverheadBytes, crcFrom, prefixBytes } from './record-batch.ts';
import { unreadableAt, type BatchPlace } from './unreadable.ts';
import { readWire, type WireReader } from './wire-reader.ts';

/** A transaction that was rolled back: records of the producer from this offset to its abort marker do not count. */
export interface AbortedTransaction {
  readonly producer: string;
  readonly firstOffset: number;
}

interface BatchHead {
  readonly baseOffset: number;
  readonly end: number;
  readonly leaderEpoch: number;
  readonly attributes: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly producer: string;
  readonly count: number;
}

const readHead = (reader: WireReader): BatchHead => {
  const baseOffset = reader.int64();
  reader.skip(4);
  const leaderEpoch = reader.int32();
  reader.skip(1 + 4);
  const attributes = reader.int16();
  const end = baseOffset + reader.int32() + 1;
  const firstTime = reader.int64();
  const lastTime = reader.int64();
  const producer = reader.id64();
  reader.skip(2 + 4);
  return { baseOffset, end, leaderEpoch, attributes, firstTime, lastTime, producer, count: reader.int32() };
};

const noHeaders: readonly Header[] = [];

const readBytes = (reader: WireReader): Uint8Array | null => {
  const length = reader.varint();
  return length < 0 ? null : reader.view(length);
};

const readHeaders = (reader: WireReader): readonly Header[] => {
  const count = reader.varint();
  if (count <= 0) return noHeaders;
  return Array.from({ length: count }, (): Header => {
    const name = reader.bytes(reader.varint()).toString('utf8');
    return [name, readBytes(reader) ?? new Uint8Array()];
  });
};

const readRecord = (reader: WireReader, { baseOffset, attributes, firstTime, lastTime }: BatchHead): Delivery => {
  reader.varint();
  reader.skip(1);
  const isAppended = (attributes & attribute.appendTime) !== 0;
  const elapsed = reader.varlong();
  const offset = baseOffset + reader.varint();
  const key = readBytes(reader);
  const body = readBytes(reader);
  const headers = readHeaders(reader);
  return { offset, time: isAppended ? lastTime : firstTime + elapsed, timeType: isAppended ? 'append' : 'create', key, headers, body };
};

/** One batch. What was fetched ahead stays as it came, so that thousands of records do not wait as objects; each is decoded when it is read. */
export interface FetchedBatch {
  /**
   * Bytes of memory that what is left of it takes: as it came, so compressed, until its first record is read. It expands then as a whole; of
   * one partition one batch at a time.
   */
  bytes(): number;
  /** The next record at or above the offset that was asked for; null at the end. @throws Failure `fatal` `transport.unreadable`, from then on always */
  read(): Delivery | null;
  /** Takes memory of its own for what is left, so that the answer that it came in can go. */
  keep(): void;
  /** Nothing is left. */
  isOver(): boolean;
}

const nothing = Buffer.alloc(0);
/** Not of the pool, which would be held instead. */
const copyOf = (bytes: Buffer): Buffer => {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
};

const openBatch = (head: BatchHead, packed: Buffer, place: BatchPlace & { readonly from: number }): FetchedBatch => {
  const codec = head.attributes & attribute.compression;
  let waiting = packed;
  let reader: WireReader | null = null;
  let left = head.count;
  let broken: Failure | null = null;
  const open = (): WireReader => {
    const records = decompress(codec, waiting);
    waiting = nothing;
    return readWire(records);
  };
  const next = (): Delivery | null => {
    reader ??= open();
    while (left > 0) {
      const record = readRecord(reader, head);
      left -= 1;
      if (record.offset >= place.from) return record;
    }
    return null;
  };
  return {
    bytes: () => reader?.left() ?? waiting.length,
    isOver: () => left === 0,
    keep: () => {
      if (reader === null) waiting = copyOf(waiting);
      else if (codec === 0) reader = readWire(copyOf(reader.bytes(reader.left())));
    },
    read: () => {
      if (broken !== null) throw broken;
      try {
        return next();
      } catch (error) {
        broken = unreadableAt(place, error);
        throw broken;
      }
    },
  };
};

/** Whose transactions are known to be rolled back at the place that has been reached. */
const makeAbortFilter = (aborted: readonly AbortedTransaction[]) => {
  const ahead = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  const active = new Set<string>();
  return {
    reach: (offset: number): void => {
      for (let next = ahead[0]; next !== undefined && next.firstOffset < offset; next = ahead[0]) {
        active.add(next.producer);
        ahead.shift();
      }
    },
    ended: (producer: string): void => void active.delete(producer),
    covers: ({ attributes, producer }: BatchHead): boolean => (attributes & attribute.transactional) !== 0 && active.has(producer),
  };
};

const abortMarker = 0;

const isAbortMarker = (records: Buffer): boolean => {
  const reader = readWire(records);
  reader.varint();
  reader.skip(1);
  reader.varlong();
  reader.varint();
  // The key: a version, then what kind of marker it is.
  const key = readWire(reader.bytes(reader.varint()));
  key.skip(2);
  return key.int16() === abortMarker;
};

/** What a fetch brought for one partition. */
export interface FetchedRecords {
  /** With records that count. */
  readonly batches: readonly FetchedBatch[];
  /** Where the next fetch begins, also behind control records and holes; null when no whole batch came. */
  readonly next: number | null;
  /** Counts the leaders of the partition up to the one that took the last of the batches; null when none came. */
  readonly leaderEpoch: number | null;
  /** The batch at `next` cannot be read. Failure `fatal` `transport.unreadable`. */
  readonly unreadable: Failure | null;
  /** Bytes of the answer, of which all partitions have a part: all are held as long as one batch is that was not told to `keep`. */
  readonly memory: number;
}

/** Where records were asked for. */
export interface FetchedFrom {
  readonly topic: string;
  readonly partition: number;
  /** Offset; a batch may begin before it. */
  readonly from: number;
}

const format = 2;
const formatAt = 16;
const lastOffsetAt = 23;
const damaged = (text: string, facts: FailureFacts = {}): Failure => new Failure('fatal', 'transport.unreadable', text, facts);

/** @throws Failure without the place; RangeError */
const checkBatch = (batch: Buffer): void => {
  const found = batch.readInt8(formatAt);
  if (found < format) throw damaged(`it has the format ${found} of Kafka before 0.11; only format 2 can be read`, { format: found });
  if (found > format) throw damaged(`it has the format ${found}, which is not known`, { format: found });
  if (batch.length < batchOverheadBytes) throw damaged('it is shorter than the head of a batch');
  if (crc32c(batch, crcFrom) !== batch.readUInt32BE(crcFrom - 4))
    throw damaged('its checksum is wrong: it was changed on the way or on the disk of the broker');
};

/** As far as it can be told of what is damaged: the offset behind it is one at least, so that whoever goes on there gets on. */
const placeOf = (batch: Buffer, offset: number): Pick<BatchPlace, 'offset' | 'next'> => {
  const hasLast = batch.length >= batchOverheadBytes && batch.readInt8(formatAt) === format;
  return { offset, next: offset + 1 + (hasLast ? Math.max(0, batch.readInt32BE(lastOffsetAt)) : 0) };
};

/** Batches with records at or above `from` that count; one that was cut off at the end is left for the next fetch. */
export const decodeBatches = (bytes: Buffer, at: FetchedFrom, aborted: readonly AbortedTransaction[]): FetchedRecords => {
  const filter = makeAbortFilter(aborted);
  const batches: FetchedBatch[] = [];
  let next: number | null = null;
  let leaderEpoch: number | null = null;
  const take = (batch: Buffer): void => {
    checkBatch(batch);
    const head = readHead(readWire(batch));
    const packed = batch.subarray(batchOverheadBytes);
    filter.reach(head.end);
    if ((head.attributes & attribute.control) !== 0) {
      if (head.count > 0 && isAbortMarker(packed)) filter.ended(head.producer);
    } else if (head.count > 0 && !filter.covers(head))
      batches.push(openBatch(head, packed, { ...at, offset: head.baseOffset, next: head.end }));
    next = Math.max(at.from, head.end);
    ({ leaderEpoch } = head);
  };
  let unreadable: Failure | null = null;
  for (let start = 0; start + prefixBytes <= bytes.length && unreadable === null;) {
    const end = start + prefixBytes + bytes.readInt32BE(start + 8);
    if (end > bytes.length) break;
    const batch = bytes.subarray(start, end);
    try {
      take(batch);
    } catch (error) {
      unreadable = unreadableAt({ ...at, ...placeOf(batch, Number(bytes.readBigInt64BE(start))) }, error);
    }
    start = end;
  }
  return { batches, next, leaderEpoch, unreadable, memory: bytes.buffer.byteLength };
};
