import type { Value } from '@dsf/messages';
import { evaluate } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExpression } from './expression.ts';
import { ExpressionError } from './expression-types.ts';

const num = (n: string): Value => ({ n });

const values: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['price', num('19.99')],
  ['qty', num('3')],
  ['name', 'Ann'],
  ['paid', true],
  ['customer.first name', 'Zoë'],
  ['odd name.x', 'odd'],
  ['$key', 'k1'],
  ['$headers.x-event', 'created'],
  [String.raw`a\.b`, 'dotted'],
  ['items', { l: [{ m: { qty: num('2') } }, { m: { qty: num('5') } }, { m: { qty: null } }] }],
  ['at', '2026-03-01T12:30:00.123456789+02:00'],
]);
const read = (path: string): Value => values.get(path) ?? null;
const result = (text: string): Value => parseExpression(text).evaluate(read);

const failure = (work: () => unknown): ExpressionError => {
  try {
    work();
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('an expression that is wrong', () => {
  it.each([
    ['price *', 7, /ends too early/],
    ['price = 3', 6, /equality is ==/],
    ['price + $x', 8, /dsf\.doc/],
    ['a && b & c', 7, /and is &&/],
    ['rund(price)', 0, /did you mean `round`/],
    ['price + lower()', 8, /takes 1 arguments, not 0/],
    ['dsf', 0, /not a value/],
    ['dsf.keys', 0, /not known/],
    ['1 + dsf.key.x', 4, /no member/],
    ['package.x', 0, /word of CEL/],
    ['name.matches("(a+)+b")', 13, /forever/],
    ['name.matches("(?=a)")', 13, /ahead/],
    ['name.matches(qty)', 13, /literal pattern/],
    ['has(1)', 0, /one path/],
    ['items.exists(1, true)', 13, /variable/i],
    ['', 0, /empty/],
    ['   ', 0, /empty/],
    ['b"raw"', 0, /bytes/],
  ])('%j is refused at character %i', (text, start, message) => {
    const error = failure(() => parseExpression(text));
    expect(error.message).toMatch(message);
    expect(error.start).toBe(start);
  });

  it('is refused when it is too long, too deep or too large, without exhausting anything', () => {
    expect(failure(() => parseExpression(`1${' '.repeat(4000)}`)).message).toMatch(/at most 4000/);
    expect(failure(() => parseExpression(`${'('.repeat(1500)}1${')'.repeat(1500)}`)).message).toMatch(/maxDepth/);
    expect(failure(() => parseExpression('[]+'.repeat(1200).concat('[]'))).message).toMatch(/maxAstNodes/);
    expect(() => parseExpression(`${'!'.repeat(1900)}true`)).not.toThrow(RangeError);
  });

  it('fails for a row with the character where it happened', () => {
    expect(failure(() => result('qty + name'))).toMatchObject({
      start: 0,
      message: expect.stringContaining('no operator number + string'),
    });
    expect(failure(() => result('1 + (name > 3 ? 1 : 2)'))).toMatchObject({
      start: 5,
      message: expect.stringContaining('cannot compare string with number'),
    });
    expect(failure(() => result('qty / 0')).message).toBe('division by zero');
    expect(failure(() => result('decimal(name)')).message).toMatch(/not a number/);
    expect(failure(() => result('timestamp(name)')).message).toMatch(/not a timestamp/);
    expect(failure(() => result('paid ? name && true : 1')).message).toMatch(/expected true or false/);
  });

  it('cannot fill the memory or run for ever', () => {
    const huge = (path: string): Value =>
      path === 'x' ? num('9'.repeat(900)) : path === 'l' ? { l: Array.from({ length: 1000 }, () => num('1')) } : 'y'.repeat(900_000);
    expect(failure(() => parseExpression('x * x').evaluate(huge)).message).toMatch(/digits/);
    expect(failure(() => parseExpression('text + text').evaluate(huge)).message).toMatch(/longer than/);
    expect(failure(() => parseExpression('l.all(a, l.all(b, a == b))').evaluate(huge)).message).toMatch(/too many turns/);
    expect(failure(() => parseExpression('text.matches("y+z")').evaluate(huge)).message).toMatch(/too long to match/);
  });
});

describe('paths', () => {
  it.each([
    ['customer.name', 'customer.name'],
    ['customer["first name"]', 'customer.first name'],
    ['dsf.key', '$key'],
    ['dsf.time', '$time'],
    ['dsf.ingested', '$ingested'],
    ['dsf.headers["x-event"]', '$headers.x-event'],
    ['dsf.headers.tenant', '$headers.tenant'],
    ['dsf.doc["odd name"].x', 'odd name.x'],
    ['dsf.doc.dsf', 'dsf'],
    ['dsf.doc["a.b"]', String.raw`a\.b`],
    ['dsf.doc["$key"]', String.raw`\$key`],
    ['dsf.path("colours.$key")', 'colours.$key'],
    ['( price )', 'price'],
  ])('%s is the path %s, and its value goes through untouched', (text, path) => {
    const expression = parseExpression(text);
    expect(expression).toMatchObject({ path, paths: [path] });
    const untouched = { n: '1.50' };
    expect(expression.evaluate((asked) => (asked === path ? untouched : null))).toBe(untouched);
  });

  it('are collected once each, and variables of macros are none', () => {
    const { path, paths } = parseExpression('price * qty + price + size(items.filter(i, i.qty > limits.qty))');
    expect(path).toBeNull();
    expect(paths).toEqual(['price', 'qty', 'items', 'limits.qty']);
  });

  it('that a macro variable hides are not read outside its body only', () => {
    expect(parseExpression('qty.exists(qty, qty > 1)').paths).toEqual(['qty']);
    expect(result('[1, 2].exists(x, [3].exists(x, [x].exists(y, x == 3 && y == 3)))')).toBe(true);
  });
});

describe('null', () => {
  it.each<[string, Value]>([
    ['none == null', true],
    ['none != null', false],
    ['price != null', true],
    ['none == 3', false],
    ['null == null', true],
    ['has(none.x)', false],
    ['has(price)', true],
    ['none + 1', null],
    ['none > 3', null],
    ['-none', null],
    ['!none', null],
    ['!(none > 3)', null],
    ['none > 3 || name == "Ann"', true],
    ['none > 3 || name == "Bob"', false],
    ['none > 3 && true', false],
    ['none ? 1 : 2', num('2')],
    ['lower(none)', null],
    ['none.contains("x")', null],
    ['"x" in none', null],
    ['none.exists(i, i > 1)', null],
    ['coalesce(none, price)', num('19.99')],
    ['coalesce(none, none)', null],
    ['min(none, qty, 7)', num('3')],
    ['items[7].qty', null],
    ['items[0].nothing.deeper', null],
    ['[none, 1]', { l: [null, num('1')] }],
  ])('%s gives %j', (text, expected) => {
    expect(result(text)).toEqual(expected);
  });
});

describe('operators and functions', () => {
  it.each<[string, Value]>([
    ['price * 1.1', num('21.989')],
    ['1.1 * price', num('21.989')],
    ['0.1 + 0.2', num('0.3')],
    ['12345678901234567890.123456789 * 2', num('24691357802469135780.246913578')],
    ['10 / 4', num('2.5')],
    ['1 / 3', num('0.333333333333')],
    ['2 / 3', num('0.666666666667')],
    ['0.000000000001 / 2', num('0')],
    ['0.000000000003 / 2', num('0.000000000002')],
    ['-7 % 3', num('-1')],
    ['5.5 % 2', num('1.5')],
    ['0 * -1', num('0')],
    ['1 == 1.0', true],
    ['0x1F', num('31')],
    ['1e3', num('1000')],
    ['round(2.345, 2)', num('2.35')],
    ['round(-2.5)', num('-3')],
    ['round(1250, -2)', num('1300')],
    ['floor(-1.5)', num('-2')],
    ['ceil(-1.5)', num('-1')],
    ['abs(-price)', num('19.99')],
    ['int(-1.9)', num('-1')],
    ['int("12")', num('12')],
    ['decimal(" 1.50 ")', num('1.5')],
    ['string(price) + "€"', '19.99€'],
    ['max([1, 3, 2])', num('3')],
    ['bool("true")', true],
    ['upper(name) + lower(name)', 'ANNann'],
    ['trim("  x ")', 'x'],
    ['size("aö😀")', num('3')],
    ['size(items)', num('3')],
    ['name.startsWith("A") && name.endsWith("n") && contains(name, "n")', true],
    ['name.matches("^a.n$")', false],
    ['name.matches("(?i)^a.n$")', true],
    ['substring("añb", 1, 2)', 'ñ'],
    ['substring("ab", 1, 99)', 'b'],
    ['"a-b-c".split("-").join("+")', 'a+b+c'],
    ['"a$b".replace("$", "$&")', 'a$&b'],
    ['"b" in ["a", "b"]', true],
    ['"x" in {"x": 1}', true],
    ['{"sku": name, "n": [qty]}', { m: { sku: 'Ann', n: { l: [num('3')] } } }],
    ['items.map(i, i.qty * 2)', { l: [num('4'), num('10'), null] }],
    ['items.filter(i, i.qty > 2).size()', num('1')],
    ['items.map(i, i.qty > 2, i.qty)', { l: [num('5')] }],
    ['items.exists_one(i, i.qty == 5)', true],
    ['items.all(i, has(i.qty))', false],
    ['timestamp(at)', '2026-03-01T10:30:00.123456789Z'],
    ['timestamp(at) < timestamp("2026-03-01T10:30:01Z")', true],
    ['timestamp(1500)', '1970-01-01T00:00:01.5Z'],
    ['int(timestamp(1500))', num('1500')],
    ['timestamp("2026-03-01T00:00:00Z") + duration("1h30m")', '2026-03-01T01:30:00Z'],
    ['timestamp("2026-03-01T00:00:00Z") - timestamp("2026-02-28T00:00:00Z")', '86400s'],
    ['timestamp("2026-07-01T23:00:00Z").getDate("Europe/Berlin")', num('2')],
    ['timestamp("2026-07-05T00:00:00Z").getDayOfWeek()', num('0')],
    ['"\\U0001F600" > "\\uFFFD"', true],
  ])('%s gives %j', (text, expected) => {
    expect(result(text)).toEqual(expected);
  });

  it('an error on one side of && and || does not matter when the other side decides', () => {
    expect(result('name > 3 || paid')).toBe(true);
    expect(result('name > 3 && !paid')).toBe(false);
    expect(() => result('name > 3 || !paid')).toThrow(ExpressionError);
  });

  it('a member called __proto__ stays a member', () => {
    const made = result('{"__proto__": 1}');
    expect(JSON.stringify(made)).toBe('{"m":{"__proto__":{"n":"1"}}}');
    expect(parseExpression('o.x == null').evaluate(() => null)).toBe(true);
  });
});

describe('laws', () => {
  const scaled = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 12 }));
  const plain = ([digits, scale]: readonly [bigint, number]): string => {
    const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
    const fraction = text.slice(text.length - scale).replace(/0+$/, '');
    const body = text.slice(0, text.length - scale) + (scale > 0 && fraction !== '' ? `.${fraction}` : '');
    return digits < 0n ? `-${body}` : body;
  };

  it('sums, differences and products are those of integers, whatever the digits', () => {
    fc.assert(
      fc.property(scaled, scaled, ([a, i], [b, j]) => {
        const paths = new Map<string, Value>([
          ['a', num(plain([a, i]))],
          ['b', num(plain([b, j]))],
        ]);
        const compute = (text: string): Value => parseExpression(text).evaluate((path) => paths.get(path) ?? null);
        const scale = Math.max(i, j);
        const [x, y] = [a * 10n ** BigInt(scale - i), b * 10n ** BigInt(scale - j)];
        expect(compute('a + b')).toEqual(num(plain([x + y, scale])));
        expect(compute('a - b')).toEqual(num(plain([x - y, scale])));
        expect(compute('a * b')).toEqual(num(plain([a * b, i + j])));
        expect(compute('a < b')).toBe(x < y);
        expect(compute('a == b')).toBe(x === y);
      }),
    );
  });

  it('agrees with the CEL library where CEL has the same meaning: whole numbers, texts, booleans, lists', () => {
    const whole = fc.integer({ min: -50, max: 50 }).map((value) => (value < 0 ? `(${value})` : `${value}`));
    const text = fc.stringMatching(/^[a-z]{0,3}$/).map((value) => JSON.stringify(value));
    const { condition } = fc.letrec((tie) => ({
      whole: fc.oneof(
        { maxDepth: 4 },
        whole,
        fc.tuple(tie('whole'), fc.constantFrom('+', '-', '*'), tie('whole')).map((parts) => `(${parts.join(' ')})`),
        fc.tuple(tie('condition'), tie('whole'), tie('whole')).map(([test, a, b]) => `(${String(test)} ? ${String(a)} : ${String(b)})`),
      ),
      text: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.tuple(tie('text'), tie('text')).map((parts) => `(${parts.join(' + ')})`),
      ),
      condition: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('true', 'false'),
        fc.tuple(tie('whole'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('whole')).map((parts) => `(${parts.join(' ')})`),
        fc.tuple(tie('text'), fc.constantFrom('<', '==', '!='), tie('text')).map((parts) => `(${parts.join(' ')})`),
        fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map((parts) => `(${parts.join(' ')})`),
        tie('condition').map((inner) => `!${String(inner)}`),
        fc
          .tuple(tie('whole'), fc.array(whole, { minLength: 1, maxLength: 3 }))
          .map(([item, list]) => `(${String(item)} in [${list.join(', ')}])`),
        fc
          .tuple(fc.constantFrom('exists', 'all', 'exists_one'), fc.array(whole, { minLength: 1, maxLength: 3 }), tie('whole'))
          .map(([macro, list, than]) => `[${list.join(', ')}].${macro}(v, v > ${String(than)})`),
        fc
          .tuple(tie('text'), fc.constantFrom('contains', 'startsWith', 'endsWith'), tie('text'))
          .map(([a, method, b]) => `${String(a)}.${method}(${String(b)})`),
      ),
    }));
    fc.assert(
      fc.property(
        condition.map(String).filter((made) => made.length < 1500),
        (made) => {
          expect(result(made)).toBe(evaluate(made));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never throws anything but ExpressionError, whatever the text', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          'a',
          '.',
          '(',
          ')',
          '[',
          ']',
          '"x"',
          '1.5',
          '+',
          '||',
          '?',
          ':',
          'dsf',
          'has',
          'exists',
          ',',
          '!',
          '{',
          '}',
          ' in ',
          'size',
          '"',
        ),
        fc.string({ maxLength: 3 }),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        try {
          parseExpression(parts.join('')).evaluate(read);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
