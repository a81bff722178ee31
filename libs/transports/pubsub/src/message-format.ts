import type { Header } from '@dsf/messages';
import { Failure, type Delivery, type OutgoingMessage } from '@dsf/ports';

/** A message as Pub/Sub has it. */
export interface PubsubContent {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  /** Empty: none. */
  readonly orderingKey: string;
}

/** How DSF's messages are written as Pub/Sub's, and read again. */
export interface MessageFormat {
  /** @throws Failure `poison` `transport.too-large`, `transport.attribute` */
  write(topic: string, message: OutgoingMessage): PubsubContent;
  read(content: PubsubContent): Pick<Delivery, 'key' | 'headers' | 'body'>;
  /** Lane of a message among `lanes`; null: not one of ours. @param id - the message's */
  laneOf(content: PubsubContent, id: string, lanes: number): number | null;
}

/** Limits of the service: https://cloud.google.com/pubsub/quotas#resource_limits */
export const limits = {
  /** Of a publish request, as of a message. */
  requestBytesMax: 10_000_000,
  orderingKeyBytesMax: 1024,
  attributesMax: 100,
  attributeNameBytesMax: 256,
  attributeValueBytesMax: 1024,
} as const;

/** Left for the key, the headers and the frame of a message whose body is as large as it may be. */
const envelopeBytes = 64 * 1024;
export const bodyBytesMax = limits.requestBytesMax - envelopeBytes;

const bytesOf = ({ data, attributes, orderingKey }: PubsubContent): number => {
  // What else a request says of a message: tags and lengths.
  let bytes = data.byteLength + Buffer.byteLength(orderingKey) + 64;
  for (const [name, value] of Object.entries(attributes)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 16;
  return bytes;
};

/** @throws Failure `poison` `transport.too-large` */
export const checkSize = (topic: string, content: PubsubContent): PubsubContent => {
  const bytes = bytesOf(content);
  if (bytes <= limits.requestBytesMax) return content;
  const bytesMax = limits.requestBytesMax;
  const text = `a message of ${bytes} bytes for topic "${topic}" is larger than Pub/Sub takes (${bytesMax})`;
  throw new Failure('poison', 'transport.too-large', text, { topic, bytes, bytesMax });
};

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const absent = 0xff_ff_ff_ff;

/*
 * The data of an internal message, little-endian: attributes of Pub/Sub hold neither every byte nor a name twice.
 *   u32 size of key (absent: all ones) · u32 size of headers · u32 size of body (absent: all ones) · key · headers · body
 * headers: for each u32 size of name · name in UTF-8 · u32 size of value · value
 */
const packFrame = ({ key, headers, body }: OutgoingMessage): Uint8Array => {
  const u32 = (value: number): Uint8Array => {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const packed = headers.flatMap(([name, value]) => {
    const nameBytes = encoder.encode(name);
    return [u32(nameBytes.byteLength), nameBytes, u32(value.byteLength), value];
  });
  const headersBytes = packed.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Buffer.concat([
    u32(key?.byteLength ?? absent),
    u32(headersBytes),
    u32(body?.byteLength ?? absent),
    ...(key === null ? [] : [key]),
    ...packed,
    ...(body === null ? [] : [body]),
  ]);
};

/** As a stranger's message is read: its reader calls it unreadable, and takes the rows instead. */
const unreadable = { key: null, headers: [], body: null } as const;

/** @throws RangeError when its sizes are not those of the bytes */
const readFrame = (frame: Uint8Array): Pick<Delivery, 'key' | 'headers' | 'body'> => {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let at = 12;
  const take = (size: number): Uint8Array => {
    if (at + size > frame.byteLength) throw new RangeError('the frame ends before what it is said to hold');
    at += size;
    return frame.subarray(at - size, at);
  };
  const takeSized = (): Uint8Array => {
    at += 4;
    return take(view.getUint32(at - 4, true));
  };
  const [keySize, headersSize, bodySize] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true)];
  const key = keySize === absent ? null : take(keySize);
  const headers: Header[] = [];
  for (const end = at + headersSize; at < end;) headers.push([decoder.decode(takeSized()), takeSized()]);
  return { key, headers, body: bodySize === absent ? null : take(bodySize) };
};

/** Says which format the data have, so that a stranger's message is not taken for one of ours. */
const frameMark = { name: 'dsf', value: '1' } as const;
/** Asks whoever reads the lane to make itself known; carries nothing. */
export const wakeMark = 'dsf-wake';

/** Internal topics: the ordering key is the lane. */
export const framedFormat: MessageFormat = {
  write: (topic, message) =>
    checkSize(topic, {
      data: packFrame(message),
      attributes: { [frameMark.name]: frameMark.value },
      orderingKey: String(message.partition),
    }),
  read: ({ data, attributes }) => {
    if (attributes[frameMark.name] !== frameMark.value) return unreadable;
    try {
      return readFrame(data);
    } catch (error) {
      if (error instanceof RangeError) return unreadable;
      throw error;
    }
  },
  laneOf: ({ orderingKey }, _id, lanes) => {
    const lane = /^\d{1,6}$/.test(orderingKey) ? Number(orderingKey) : null;
    return lane !== null && lane < lanes ? lane : null;
  },
};
