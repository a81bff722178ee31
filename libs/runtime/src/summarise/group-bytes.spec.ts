import { expect, it } from 'vitest';
import { groupBytes } from './group-bytes.ts';

it('counts key, measures and states in UTF-8, whatever they are made of', () => {
  const rows = [
    { group: 'abc', measures: [{ n: '12.5' }, null, true], states: ['é'] },
    { group: '', measures: [{ l: ['x', { m: { name: { n: '1' }, ü: 'yz' } }] }], states: [] },
  ];
  expect(groupBytes(rows)).toBe(3 + 4 + 1 + 1 + 2 + (1 + 4 + 1 + 2 + 2));
  expect(groupBytes([])).toBe(0);
});
