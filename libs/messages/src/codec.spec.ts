import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  decodePointsRange,
  decodeRawRange,
  decodeSummaryRange,
  encodePointsRange,
  encodeRawRange,
  encodeSummaryRange,
  UnreadableRangeError,
} from './codec.ts';
import type { PointsRange, RawRange, SummaryRange } from './range.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (encoded: Uint8Array): string => new TextDecoder().decode(encoded);
const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../golden/${name}`, import.meta.url)));
/** A file of one line ends with it, which a range does not. */
const goldenLine = (name: string): Uint8Array => golden(name).subarray(0, -1);

const fail = (): never => {
  throw new Error('there is no such item');
};

const frame = { source: 3, partition: 1, from: 10, to: 12, version: 7, time: 1_700_000_000_000, idle: false };
const raw: RawRange = {
  ...frame,
  items: [
    {
      source: 3,
      partition: 1,
      offset: 10,
      time: 1_700_000_000_000,
      timeType: 'create',
      ingestedAt: 1_700_000_000_005,
      key: bytes('k1'),
      headers: [['h', bytes('v')]],
      payload: bytes('{"a":1}'),
    },
    {
      source: 3,
      partition: 1,
      offset: 11,
      time: 1_700_000_000_001,
      timeType: 'append',
      ingestedAt: 1_700_000_000_006,
      key: null,
      headers: [],
      payload: null,
    },
  ],
};
const points: PointsRange = {
  ...frame,
  items: [
    {
      instance: 'shop.sales@0a1b2c3d',
      offset: 10,
      row: 0,
      key: ['Ann', { n: '7' }, null, true],
      window: 1_700_000_000_000,
      time: 1_700_000_000_000,
      amounts: [true, { n: '12.50' }, { l: [{ m: { n: 'x' } }] }],
    },
    {
      instance: 'shop.sales@0a1b2c3d',
      offset: 10,
      row: 1,
      key: ['Ann', { n: '7' }, null, true],
      window: 1_700_000_000_000,
      time: 1_700_000_000_000,
      amounts: [null, null, null],
    },
    { instance: 'shop.people@00000001', offset: 10, row: 0, key: ['Ann'], window: null, time: 1_700_000_000_000, amounts: ['Ann'] },
    {
      instance: 'shop.sales@0a1b2c3d',
      offset: 11,
      row: 2,
      key: [],
      window: null,
      time: 0,
      amounts: [],
      refusal: { code: 'summarise.expression', detail: 'text is not a number' },
    },
  ],
};
const summary: SummaryRange = {
  ...frame,
  source: 0,
  items: [
    {
      instance: 'shop.sales@0a1b2c3d',
      key: ['Ann'],
      window: null,
      revision: 11,
      reason: 'update',
      time: 1_700_000_000_000,
      version: 7,
      status: 'live',
      measures: [{ n: '1' }],
    },
  ],
};

describe('codec', () => {
  it('says whether items are absent on purpose', () => {
    const { items: _, ...whole } = raw;
    expect(decodeRawRange(encodeRawRange({ ...whole, inRows: true }))).toEqual({ ...whole, inRows: true });
    expect(decodeRawRange(encodeRawRange(whole))).toEqual(whole);
  });

  it('reads what an earlier release wrote', () => {
    expect(decodeRawRange(golden('raw.v2.txt'))).toEqual(raw);
    expect(decodePointsRange(goldenLine('points.v2.json'))).toEqual(points);
    expect(decodeSummaryRange(goldenLine('summary.v1.json'))).toEqual(summary);
  });

  it('writes what an earlier release can read', () => {
    expect(text(encodeRawRange(raw))).toBe(text(golden('raw.v2.txt')));
    expect(text(encodePointsRange(points))).toBe(text(goldenLine('points.v2.json')));
    expect(text(encodeSummaryRange(summary))).toBe(text(goldenLine('summary.v1.json')));
  });

  it('says once what the points of a record and group have in common', () => {
    const [first] = points.items ?? [];
    const many = Array.from({ length: 3 }, (_, row) => ({ ...(first ?? fail()), row }));
    const encoded = text(encodePointsRange({ ...points, items: many }));
    expect(encoded.split('Ann')).toHaveLength(2);
    expect(encoded.split('shop.sales')).toHaveLength(2);
    expect(decodePointsRange(bytes(encoded)).items).toEqual(many);
  });

  it.each([
    ['an item of an instance that is not named', '[["a@1"],[1,10,[],null,0,0,[]]]'],
    ['an item that is cut off', '[["a@1"],[0,10,[],null,0,0]]'],
    ['an item that is none', '[["a@1"],7]'],
    ['points without their names', '[]'],
  ])('keeps the frame of a range of points with %s', (_, body) => {
    const head = '{"v":2,"k":"points","s":3,"p":1,"f":10,"t":12,"c":7,"w":1700000000000,"i":0';
    expect(decodePointsRange(bytes(`${head},"d":${body}}`))).toEqual(frame);
  });

  it('carries any bytes: a byte order mark, NUL, invalid UTF-8', () => {
    const payloads = [
      Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d),
      Uint8Array.of(0, 0x22),
      Uint8Array.of(0xff, 0xfe, 0xc0),
      new Uint8Array(),
    ];
    for (const payload of payloads) {
      const [item] =
        decodeRawRange(
          encodeRawRange({ ...raw, items: raw.items?.slice(0, 1).map((record) => ({ ...record, payload, key: payload })) ?? [] }),
        ).items ?? [];
      expect(item?.payload).toEqual(payload);
      expect(item?.key).toEqual(payload);
    }
  });

  it('keeps a range without a body apart from one with an empty body', () => {
    expect(decodeRawRange(encodeRawRange(frame))).not.toHaveProperty('items');
    expect(decodeRawRange(encodeRawRange({ ...frame, items: [] })).items).toEqual([]);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"v":3,"k":"raw"}',
    '{"v":1,"k":"points","s":1,"p":0,"f":0,"t":1,"c":1,"w":null,"i":0}',
    '{"v":2,"k":"raw","s":1,"p":0,"f":-1,"t":1,"c":1}',
    '{"v":1,"k":"raw","s":1,"p":0,"f":0,"t":1,"c":1,"w":null,"i":0,"d":[[0,1,1,1,null,[],"{}"]]}',
  ])('calls %j unreadable', (body) => {
    expect(() => decodeRawRange(bytes(body))).toThrow(UnreadableRangeError);
  });

  it('calls a tombstone and invalid UTF-8 unreadable', () => {
    expect(() => decodeRawRange(null)).toThrow(UnreadableRangeError);
    expect(() => decodeRawRange(Uint8Array.of(0xff))).toThrow(UnreadableRangeError);
  });

  it('keeps the frame of a range whose body is broken, so that its records are refilled', () => {
    const head = '{"v":2,"k":"raw","s":3,"p":1,"f":10,"t":12,"c":7,"w":null,"i":0';
    const bodies = [
      ',"d":[[10,1,0,1,null,null,{}]]}',
      ',"d":[[10,1,0,1,null,[],2]]}\n{}',
      ',"d":[[10,1,0,1,null,[],3]]}\n{}\n',
      ',"d":[[10,1,0,1,null,[],1]]}\n{}\n',
      ',"d":[[10,1,0,1,null,[],-1]]}\n{}\n',
      ',"d":[[10,1,0,1,null,[],"2"]]}\n{}\n',
      ',"d":[[10,1,0,1,null,[],2]]}\n{}\n{}\n',
    ];
    for (const body of bodies) expect(decodeRawRange(bytes(head + body)), body).toEqual({ ...frame, time: null });
    const whole = encodeRawRange(raw);
    const [first] = text(whole).split('\n');
    for (let length = first?.length ?? 0; length < whole.length; length += 1)
      expect(decodeRawRange(whole.subarray(0, length))).toEqual(frame);
  });
});
