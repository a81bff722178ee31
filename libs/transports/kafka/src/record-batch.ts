/*
 * Record batches, format 2 (kafka.apache.org/documentation/#recordbatch). kafkajs has a codec for them, but it keeps headers in an object,
 * which loses their order and stumbles over names such as `toString`, and it can pass records of aborted transactions on.
 */
import type { OutgoingMessage } from '@dsf/ports';
import { crc32c } from './crc32c.ts';
import { varintSize, writeWire, type WireWriter } from './wire-writer.ts';

/** Offset and length, which the length does not count. */
export const prefixBytes = 12;
const headBytes = 61;
/** Behind the checksum, which covers everything from here on. */
export const crcFrom = 21;
export const attribute = { compression: 0x07, appendTime: 0x08, transactional: 0x10, control: 0x20 } as const;

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
