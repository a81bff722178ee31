import type { Header } from '@dsf/messages';
import type { Delivery, OutgoingMessage } from '@dsf/ports';

/*
 * Messages of a chunk, one behind the other, little-endian:
 *   u32 size of key (absent: all ones) · u32 size of headers · u32 size of body (absent: all ones) · key · headers · body
 * headers: for each u32 size of name · name in UTF-8 · u32 size of value · value
 */

const absent = 0xff_ff_ff_ff;
const fixedBytes = 12;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Names of headers are few; those beyond so many are encoded each time. */
const namesMax = 1000;
const names = new Map<string, Uint8Array>();

const nameBytes = (name: string): Uint8Array => {
  const known = names.get(name);
  if (known !== undefined) return known;
  const bytes = encoder.encode(name);
  if (names.size < namesMax) names.set(name, bytes);
  return bytes;
};

/** Bytes of a message that count against limits: key, headers and body as they are stored. */
export const messageBytes = ({ key, headers, body }: OutgoingMessage): number => {
  let bytes = fixedBytes + (key?.byteLength ?? 0) + (body?.byteLength ?? 0);
  for (const [name, value] of headers) bytes += 8 + nameBytes(name).byteLength + value.byteLength;
  return bytes;
};

/** Up to so many bytes a loop copies faster than a call of `set`. */
const loopBytesMax = 48;

/** @param bytes - sum of `messageBytes` of the messages */
export const packFrames = (messages: readonly OutgoingMessage[], bytes: number): Uint8Array => {
  const frames = new Uint8Array(bytes);
  const view = new DataView(frames.buffer);
  let at = 0;
  const put = (part: Uint8Array): void => {
    const { byteLength } = part;
    if (byteLength > loopBytesMax) frames.set(part, at);
    else for (let index = 0; index < byteLength; index += 1) frames[at + index] = part[index] ?? 0;
    at += byteLength;
  };
  const putSized = (part: Uint8Array): void => {
    view.setUint32(at, part.byteLength, true);
    at += 4;
    put(part);
  };
  for (const { key, headers, body } of messages) {
    const start = at;
    at += fixedBytes;
    if (key !== null) put(key);
    const headersStart = at;
    for (const [name, value] of headers) {
      putSized(nameBytes(name));
      putSized(value);
    }
    view.setUint32(start, key === null ? absent : key.byteLength, true);
    view.setUint32(start + 4, at - headersStart, true);
    view.setUint32(start + 8, body === null ? absent : body.byteLength, true);
    if (body !== null) put(body);
  }
  return frames;
};

const readHeaders = (frames: Uint8Array, view: DataView, span: { readonly from: number; readonly to: number }): readonly Header[] => {
  const headers: Header[] = [];
  let at = span.from;
  const take = (): Uint8Array => {
    const size = view.getUint32(at, true);
    at += 4 + size;
    return frames.subarray(at - size, at);
  };
  while (at < span.to) headers.push([decoder.decode(take()), take()]);
  return headers;
};

const noHeaders: readonly Header[] = [];

export interface Chunk {
  readonly base: number;
  readonly last: number;
  readonly time: number;
  readonly frames: Uint8Array;
}

/** What a read may still take; changed as messages are taken. */
export interface Allowance {
  records: number;
  bytes: number;
}

/**
 * Adds the chunk's messages from `from` on to `taken`, as many as `allowance` lets; the very first may be over its bytes.
 * Keys, headers and bodies are views into the chunk, not copies.
 */
export const takeFrames = (
  chunk: Chunk,
  from: number,
  { allowance, taken }: { readonly allowance: Allowance; readonly taken: Delivery[] },
): void => {
  const { frames, base, last, time } = chunk;
  const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength);
  let at = 0;
  for (let offset = base; offset <= last && allowance.records > 0; offset += 1) {
    const keySize = view.getUint32(at, true);
    const bodySize = view.getUint32(at + 8, true);
    const keyEnd = at + fixedBytes + (keySize === absent ? 0 : keySize);
    const headersEnd = keyEnd + view.getUint32(at + 4, true);
    const end = headersEnd + (bodySize === absent ? 0 : bodySize);
    if (offset >= from) {
      if (end - at > allowance.bytes && taken.length > 0) {
        allowance.records = 0;
        return;
      }
      taken.push({
        offset,
        time,
        timeType: 'append',
        key: keySize === absent ? null : frames.subarray(at + fixedBytes, keyEnd),
        headers: headersEnd === keyEnd ? noHeaders : readHeaders(frames, view, { from: keyEnd, to: headersEnd }),
        body: bodySize === absent ? null : frames.subarray(headersEnd, end),
      });
      allowance.records -= 1;
      allowance.bytes -= end - at;
    }
    at = end;
  }
};
