import { describe, expect, it } from 'vitest';
import { ExpressionError } from './expression-types.ts';
import { formatMeasure, parseMeasure } from './measure-text.ts';

describe('a measure', () => {
  it.each([
    ['sum(', 4],
    ['1 + 2', 0],
    ['list(sku, 0)', 10],
    ['list(sku, many)', 10],
    ['list(sku, 5, 6)', 13],
    ['a.sum(x)', 0],
    ['', 0],
  ])('written as %j is refused at character %i', (text, start) => {
    expect(() => parseMeasure(text)).toThrow(ExpressionError);
    try {
      parseMeasure(text);
    } catch (error) {
      expect(error).toMatchObject({ start });
    }
  });

  it.each<[string, { readonly function: string; readonly of?: string; readonly max?: number }]>([
    ['count', { function: 'count' }],
    ['count()', { function: 'count' }],
    ['sum(items.qty * items.price)', { function: 'sum', of: 'items.qty * items.price' }],
    ['sum((a + b) * (c))', { function: 'sum', of: '(a + b) * (c)' }],
    ['sum( (a) )', { function: 'sum', of: '(a)' }],
    ['list({"sku": items.sku}, 50)', { function: 'list', of: '{"sku": items.sku}', max: 50 }],
    ['list((a), (50))', { function: 'list', of: '(a)', max: 50 }],
    ['list("a,b)" + x // one, two\n, 5)', { function: 'list', of: '"a,b)" + x // one, two', max: 5 }],
    ['count_if(x > 1)', { function: 'count_if', of: 'x > 1' }],
    ['top_k(x, 3)', { function: 'top_k', of: 'x', max: 3 }],
  ])('%j has a long form', (text, long) => {
    const { ofStart, ...measure } = parseMeasure(text);
    expect(measure).toEqual(long);
    expect(text.slice(ofStart)).toMatch(long.of === undefined ? /^c/ : new RegExp(`^${RegExp.escape(long.of)}`));
  });

  it('is the same after it was written short and read again', () => {
    for (const measure of [
      { function: 'count' },
      { function: 'sum', of: 'a' },
      { function: 'list', of: '[a, b]', max: 7 },
      { function: 'last', of: 'a', type: 'text' as const },
      { function: 'sum', of: 'a // why' },
    ]) {
      const { ofStart: _, ...again } = parseMeasure(formatMeasure(measure));
      expect(again).toEqual(measure);
    }
  });
});
