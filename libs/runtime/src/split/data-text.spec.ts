import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeData, encodeData } from './data-text.ts';

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array(),
  fc.constantFrom('\ud800', -0, Number.NaN, Number.POSITIVE_INFINITY),
);
const { data } = fc.letrec((tie) => ({
  data: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('data')),
    fc.dictionary(fc.constantFrom('a', '$b', '$i', '$n', '$o', '', 'é'), tie('data'), { noNullPrototype: true }),
  ),
}));

describe('data as text', () => {
  it('comes back as it was, whatever it is', () => {
    fc.assert(
      fc.property(data, (value) => {
        expect(decodeData(encodeData(value))).toStrictEqual(value);
      }),
    );
  });
});
