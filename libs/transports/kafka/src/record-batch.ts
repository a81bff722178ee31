/*
 * Record batches, format 2 (kafka.apache.org/documentation/#recordbatch). kafkajs has a codec for them, but it keeps headers in an object,
 * which loses their order and stumbles over names such as `toString`, and it can pass records of aborted transactions on.
 */
import type { Header } from '@dsf/messages';
import { Failure, type Delivery, type OutgoingMessage } from '@dsf/ports';
import { crc32c } from './crc32c.ts';
import { decompress } from './decompress.ts';
import { readWire, type WireReader } from './wire-reader.ts';
import { varintSize, writeWire, type WireWriter } from './wire-writer.ts';

/** A transaction that was rolled back: records of the producer from this offset to its abort marker do not count. */
export interface AbortedTransaction {
  readonly producer: string;
  readonly firstOffset: number;
}

const prefixBytes = 12;
const headBytes = 61;
const crcFrom = 21;
const attribute = { compression: 0x07, appendTime: 0x08, transactional: 0x10, control: 0x20 } as const;
const abortMarker = 0;

const recordBodySize = ({ key, headers, body }: OutgoingMessage, index: number): number => {
  // One byte of attributes; the time is that of the batch, a difference of 0.
  let size = 2 + varintSize(index) + varintSize(key?.byteLength ?? -1) + (key?.byteLength ?? 0);
  size += varintSize(body?.byteLength ?? -1) + (body?.byteLength ?? 0) + varintSize(headers.length);
  for (const [name, value] of headers) {
    const nameBytes = Buffer.byteLength(name, 'utf8');
    size += varintSize(nameBytes) + nameBytes + varintSize(value.byteLength) + value.byteLength;
  }
  return size;
};

/** Upper bound of what a message takes in a batch, bytes. */
export const recordBytes = (message: OutgoingMessage): number => recordBodySize(message, 2 ** 31) + 5;
/** What a batch takes besides its records, bytes. */
export const batchOverheadBytes = headBytes;

const writeBytes = (writer: WireWriter, bytes: Uint8Array | null): void => {
  writer.varint(bytes?.byteLength ?? -1);
  if (bytes !== null) writer.bytes(bytes);
};

/** Who sends a batch, and which it is of those that it sends to the partition: by that a broker knows one that it has had. */
export interface BatchStamp {
  /** 64 bits, as text. */
  readonly producer: string;
  readonly epoch: number;
  /** Number of the first record. */
  readonly sequence: number;
  readonly isTransactional: boolean;
}

/** Sequences begin again behind the largest 32-bit number. */
const sequenceMax = 2 ** 31;
export const sequenceAfter = (sequence: number, records: number): number => (sequence + records) % sequenceMax;

/** One uncompressed batch. @param time - of every record, UTC ms */
export const encodeBatch = (messages: readonly OutgoingMessage[], time: number, stamp: BatchStamp): Buffer => {
  const sizes = messages.map(recordBodySize);
  const size = sizes.reduce((sum, bytes) => sum + varintSize(bytes) + bytes, headBytes);
  const writer = writeWire(size);
  writer
    .int64(0)
    .int32(size - prefixBytes)
    .int32(-1)
    .int8(2)
    .uint32(0)
    .int16(stamp.isTransactional ? attribute.transactional : 0);
  writer
    .int32(messages.length - 1)
    .int64(time)
    .int64(time);
  writer.id64(stamp.producer).int16(stamp.epoch).int32(stamp.sequence).int32(messages.length);
  for (const [index, { key, body, headers }] of messages.entries()) {
    writer
      .varint(sizes[index] ?? 0)
      .int8(0)
      .varint(0)
      .varint(index);
    writeBytes(writer, key);
    writeBytes(writer, body);
    writer.varint(headers.length);
    for (const [name, value] of headers) {
      writeBytes(writer, Buffer.from(name, 'utf8'));
      writeBytes(writer, value);
    }
  }
  const batch = writer.finish();
  batch.writeUInt32BE(crc32c(batch, crcFrom), crcFrom - 4);
  return batch;
};

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
  const format = reader.int8();
  if (format !== 2) {
    const text = `the batch at offset ${baseOffset} has the format ${format} of Kafka before 0.11; only format 2 can be read`;
    throw new Failure('fatal', 'transport.unreadable', text, { offset: baseOffset, format });
  }
  reader.skip(4);
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
  /** Nothing is left. */
  isOver(): boolean;
}

const openBatch = (head: BatchHead, packed: Buffer, from: number): FetchedBatch => {
  let reader: WireReader | null = null;
  let left = head.count;
  const next = (): Delivery | null => {
    reader ??= readWire(decompress(head.attributes & attribute.compression, packed));
    while (left > 0) {
      const record = readRecord(reader, head);
      left -= 1;
      if (record.offset >= from) return record;
    }
    return null;
  };
  let broken: Failure | null = null;
  return {
    bytes: () => reader?.left() ?? packed.length,
    isOver: () => left === 0,
    read: () => {
      if (broken !== null) throw broken;
      try {
        return next();
      } catch (error) {
        broken =
          error instanceof Failure
            ? error
            : new Failure(
                'fatal',
                'transport.unreadable',
                `a record of the batch at offset ${head.baseOffset} is damaged`,
                {},
                { cause: error },
              );
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
}

/**
 * Batches with records at or above `from` that count; one that was cut off at the end is left for the next fetch.
 * @throws Failure `fatal` `transport.unreadable`
 */
export const decodeBatches = (bytes: Buffer, from: number, aborted: readonly AbortedTransaction[]): FetchedRecords => {
  const filter = makeAbortFilter(aborted);
  const batches: FetchedBatch[] = [];
  let next: number | null = null;
  let leaderEpoch: number | null = null;
  for (let at = 0; at + prefixBytes <= bytes.length;) {
    const end = at + prefixBytes + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    const head = readHead(readWire(bytes.subarray(at, end)));
    const packed = bytes.subarray(at + headBytes, end);
    filter.reach(head.end);
    if ((head.attributes & attribute.control) !== 0) {
      if (head.count > 0 && isAbortMarker(packed)) filter.ended(head.producer);
    } else if (head.count > 0 && !filter.covers(head)) batches.push(openBatch(head, packed, from));
    next = Math.max(from, head.end);
    ({ leaderEpoch } = head);
    at = end;
  }
  return { batches, next, leaderEpoch };
};
