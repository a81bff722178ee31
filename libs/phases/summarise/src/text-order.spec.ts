import { expect, it } from 'vitest';
import * as fc from 'fast-check';
import { compareText, valueText } from './text-order.ts';

it('orders text by code point, where UTF-16 does not', () => {
  expect(['\uFFFD', '\u{1F600}'].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['\u{1F600}', '\uFFFD']);
  expect(compareText('\u{1F600}', '\uFFFD')).toBeGreaterThan(0);
});

it('orders as comparing code point by code point does', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const [left, right] = [a, b].map((whole) =>
        [...whole].map((character) => (character.codePointAt(0) ?? 0).toString(16).padStart(6, '0')).join(''),
      );
      expect(Math.sign(compareText(a, b))).toBe((left ?? '') < (right ?? '') ? -1 : (left ?? '') > (right ?? '') ? 1 : 0);
    }),
  );
});

it('tells a number from the text that looks like it, and maps not by the order of their members', () => {
  expect(valueText({ n: '1' })).not.toBe(valueText('1'));
  expect(valueText('true')).not.toBe(valueText(true));
  expect(valueText({ m: { a: '1', b: null } })).toBe(valueText({ m: { b: null, a: '1' } }));
  expect(valueText({ l: ['a', 'b'] })).not.toBe(valueText({ l: ['a,b'] }));
});
