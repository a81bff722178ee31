import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framedFormat, limits } from './message-format.ts';

const bytes = fc.uint8Array({ maxLength: 40 });
const message = fc.record({
  partition: fc.nat(31),
  key: fc.option(bytes),
  headers: fc.array(
    fc.tuple(
      fc.string({ unit: 'binary' }).map((name) => name.toWellFormed()),
      bytes,
    ),
    { maxLength: 4 },
  ),
  body: fc.option(bytes),
});
const stranger = { key: null, headers: [], body: null };

describe('an internal message in Pub/Sub', () => {
  it('is read as it was written, on the lane that it was sent to', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const content = framedFormat.write('dsf.raw', sent);
        const { partition, ...rest } = sent;
        expect(framedFormat.laneOf(content, '1', 32)).toBe(partition);
        const read = framedFormat.read(content);
        expect({
          key: read.key === null ? null : Uint8Array.from(read.key),
          headers: read.headers.map(([name, value]) => [name, Uint8Array.from(value)]),
          body: read.body === null ? null : Uint8Array.from(read.body),
        }).toEqual(rest);
      }),
    );
  });

  it('is unreadable, and stops nobody, when it is not one of ours or was cut or damaged', () => {
    expect(framedFormat.read({ data: new Uint8Array(20), attributes: {}, orderingKey: '1' })).toEqual(stranger);
    fc.assert(
      fc.property(message, fc.nat(), (sent, cut) => {
        const content = framedFormat.write('dsf.raw', sent);
        const data = content.data.subarray(0, cut % content.data.byteLength);
        expect(framedFormat.read({ ...content, data })).toEqual(stranger);
      }),
    );
    fc.assert(
      fc.property(bytes, (data) => {
        framedFormat.read({ ...framedFormat.write('dsf.raw', { partition: 0, key: null, headers: [], body: null }), data });
      }),
    );
  });

  it('has no lane when its key names none that is counted', () => {
    for (const orderingKey of ['', 'x', '-1', '1.5', '32', '9999999'])
      expect(framedFormat.laneOf({ data: new Uint8Array(), attributes: {}, orderingKey }, '1', 32)).toBeNull();
  });

  it('is refused before it is sent when the service would not take it', () => {
    const body = new Uint8Array(limits.requestBytesMax);
    const write = () => framedFormat.write('dsf.raw', { partition: 0, key: null, headers: [], body });
    expect(write).toThrow(expect.objectContaining({ kind: 'poison', code: 'transport.too-large' }));
  });
});
