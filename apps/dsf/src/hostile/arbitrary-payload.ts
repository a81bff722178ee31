import fc from 'fast-check';
import { utf8 } from './inputs.ts';

/*
 * Payloads that nobody thought of: any bytes, any JSON, and JSON that was damaged on its way.
 */

const names = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c', 'items') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'A',
      '',
      '__proto__',
      'constructor',
      '$key',
      'a.b',
      '\\',
      '*',
      '_dsf_row',
      '];DROP TABLE',
      'é',
      'e\u0301',
      '1',
      'a__n',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
);

const numbers = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.constantFrom('-0', '1.0', '1e3', '1e400', '-1E-400', '9007199254740993', '9223372036854775808', '12.50', '0.1234567890123456789'),
);

const scalars = fc.oneof(
  numbers,
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('true', 'false', 'null', '"2026-01-01T00:00:00Z"', '"12"', String.raw`"\ud800"`, String.raw`"\u0000"`, '"\ufeff"'),
);

/** JSON as text, so that numbers keep every digit, and names may repeat. */
const { json } = fc.letrec<{ json: string; list: string; object: string }>((tie) => ({
  json: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalars, tie('list'), tie('object')),
  list: fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
  object: fc
    .array(fc.tuple(names, tie('json')), { maxLength: 5 })
    .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
}));

type Damage = (bytes: Uint8Array) => Uint8Array;
const splice =
  (at: number, removed: number, added: readonly number[]): Damage =>
  (bytes) => {
    const place = Math.floor(at * (bytes.length + 1));
    return Uint8Array.from([...bytes.subarray(0, place), ...added, ...bytes.subarray(place + removed)]);
  };
const twice =
  (at: number, length: number): Damage =>
  (bytes) => {
    const place = Math.floor(at * bytes.length);
    return Uint8Array.from([...bytes.subarray(0, place + length), ...bytes.subarray(place)]);
  };

const places = fc.double({ min: 0, max: 0.999, noNaN: true });
const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(places, fc.nat(3), fc.array(fc.nat(255), { maxLength: 3 })).map(([at, removed, added]) => splice(at, removed, added)),
  fc
    .tuple(places, fc.constantFrom('"', '{', '}', '[', ']', ',', ':', '\\', '0', '-', 'e', '.', ' '))
    .map(([at, sign]) => splice(at, 1, [...utf8(sign)])),
  fc.tuple(places, fc.nat(20)).map(([at, length]) => twice(at, length)),
  places.map((at) => splice(at, Infinity, [])),
);

export const arbitraryPayload: fc.Arbitrary<Uint8Array | null> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  { weight: 8, arbitrary: json.map(utf8) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(json, fc.array(damages, { minLength: 1, maxLength: 3 }))
      .map(([text, all]) => all.reduce((bytes, damage) => damage(bytes), utf8(text))),
  },
);
