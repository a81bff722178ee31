import { describe, expect, it } from 'vitest';
import { simpleExpression } from './simple-expression.ts';

const path = (name: string) => ({ kind: 'path', path: name });
const operation = (operator: string, ...operands: readonly object[]) => ({ kind: 'operation', operator, operands });
const literal = (value: unknown) => ({ kind: 'literal', value });

describe('an expression that a database can compute', () => {
  it('is comparisons, logic, exact arithmetic, conditions and membership', () => {
    expect(simpleExpression('customer["first name"] == "ada" && !(total * 2 >= 0.10)')).toEqual(
      operation(
        '&&',
        operation('==', path('customer.first name'), literal('ada')),
        operation('!', operation('>=', operation('*', path('total'), literal({ n: '2' })), literal({ n: '0.1' }))),
      ),
    );
    expect(simpleExpression('paid ? -total : null')).toEqual(
      operation('choose', path('paid'), operation('-', path('total')), literal(null)),
    );
    expect(simpleExpression('has(customer.name)')).toEqual(operation('present', path('customer.name')));
    expect(simpleExpression('city in ["a", null]')).toEqual(
      operation('||', operation('==', path('city'), literal('a')), operation('==', path('city'), literal(null))),
    );
    expect(simpleExpression('city in []')).toEqual(literal(false));
  });

  it('keeps every digit of a number', () => {
    expect(simpleExpression('12345678901234567.89')).toEqual(literal({ n: '12345678901234567.89' }));
    expect(simpleExpression('9223372036854775807')).toEqual(literal({ n: '9223372036854775807' }));
  });

  it.each(['total / 2', 'total % 2', 'lower(city) == "x"', 'city.matches("x")', 'items.exists(i, i > 1)', 'city in other', '[1]', 'a[i]'])(
    'is not %s',
    (text) => {
      expect(simpleExpression(text)).toBeNull();
    },
  );
});
