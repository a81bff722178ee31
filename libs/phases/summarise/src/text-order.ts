import type { Value } from '@dsf/messages';

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

/**
 * Order by code point. `<` on strings goes by UTF-16 unit, which puts U+10000 and above (surrogates, D800-DFFF) before U+E000-U+FFFF;
 * databases and other languages do not.
 */
export const compareText = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const [unitA, unitB] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (unitA !== unitB) return isSurrogate(unitA) === isSurrogate(unitB) ? unitA - unitB : isSurrogate(unitA) ? 1 : -1;
  }
  return a.length - b.length;
};

/** One text for equal values, whatever order their members came in; different texts for different values. */
export const valueText = (value: Value): string => {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if ('n' in value) return value.n;
  if ('l' in value) return `[${value.l.map(valueText).join()}]`;
  const members = Object.entries(value.m).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${valueText(member)}`).join()}}`;
};
