import { expect, it } from 'vitest';
import { csvLine } from './csv-text.ts';
import { jsonText, memberNames } from './json-text.ts';
import { tableText } from './table.ts';

it('sets numbers and decimals to the right, text to the left, and a rule under the head', () => {
  expect(
    tableText(
      ['name', 'n', 'sum'],
      [
        ['a', 1, '2.50'],
        ['long', 10n, null],
      ],
    ),
  ).toBe('name   n   sum\n──────────────\na      1  2.50\nlong  10  NULL\n');
});

it('is nothing but its head without rows, and nothing at all without columns', () => {
  expect(tableText(['a', 'b'], [])).toBe('a  b\n────\n');
  expect(tableText([], [])).toBe('');
});

it('sends no control character of the data to the terminal', () => {
  const text = tableText(['\u001b[31m'], [['a\nb\tc\u0007\u009b']]);
  expect(text).toContain(String.raw`\x1b[31m`);
  expect(text).toContain(String.raw`a\nb\tc\x07\x9b`);
});

it('shows bytes as text where they are, else as hex, cut', () => {
  expect(tableText(['b'], [[Buffer.from('häß')]])).toContain('häß');
  expect(tableText(['b'], [[Buffer.alloc(100, 0xff)]])).toContain(`0x${'ff'.repeat(32)}… (100 bytes)`);
});

it('quotes in CSV what must be, and tells NULL from the empty text', () => {
  expect(csvLine([null, '', 'a', 'a,b', 'say "hi"', 'two\nlines', 12n, 1.5, true])).toBe(
    ',"",a,"a,b","say ""hi""","two\nlines",12,1.5,true',
  );
});

it('writes integers of any size into JSON, and bytes that are no text as base64', () => {
  expect(jsonText({ n: 9007199254740993n, t: Buffer.from('x'), b: [Buffer.from([255])] })).toBe(
    '{"n":9007199254740993,"t":"x","b":[{"base64":"/w=="}]}',
  );
  expect(jsonText(new Uint8Array([255]))).toBe('{"base64":"/w=="}');
  expect(jsonText(new Uint8Array([0x61]))).toBe('"a"');
});

it('gives each column of one name a name of its own', () => {
  expect(memberNames(['a', 'a', 'a_2', 'a'])).toEqual(['a', 'a_2', 'a_2_2', 'a_3']);
});
