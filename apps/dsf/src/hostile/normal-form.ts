import type { Value } from '@dsf/messages';

/*
 * What law F1 compares, in a form that shares no code with the product: members sorted, those that are null left out, numbers as digits and
 * exponent. One side comes from `JSON.parse` with the source text of each number, the other from the rows.
 */

/** A number of a message, as the message spells it. */
interface Spelled {
  readonly spelled: string;
}
type Parsed = null | boolean | string | Spelled | readonly Parsed[] | ReadonlyMap<string, Parsed>;

/** The types of JSON.parse do not know the third argument of a reviver. */
type ParseWithSource = (text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown) => unknown;
const parseWithSource = JSON.parse as ParseWithSource;

const parse = (text: string): Parsed =>
  parseWithSource(text, (_key, value, { source }) => {
    if (typeof value === 'number') return { spelled: source ?? String(value) } satisfies Spelled;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return new Map(Object.entries(value));
  }) as Parsed;

/** `12.50` and `1.25e1` are both `125e-1`. */
const numberForm = (text: string): string => {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`;
  let [start, end] = [0, digits.length];
  while (digits[start] === '0') start += 1;
  if (start === end) return '0e0';
  while (digits[end - 1] === '0') end -= 1;
  return `${sign}${digits.slice(start, end)}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - end)}`;
};

const objectForm = (members: Iterable<readonly [string, string]>): string =>
  `{${[...members]
    .filter(([, form]) => form !== 'null')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, form]) => `${JSON.stringify(name)}:${form}`)
    .join(',')}}`;

const parsedForm = (parsed: Parsed): string => {
  if (parsed === null || typeof parsed !== 'object') return JSON.stringify(parsed);
  if (parsed instanceof Map)
    return objectForm([...(parsed as ReadonlyMap<string, Parsed>)].map(([name, member]) => [name, parsedForm(member)]));
  if (Array.isArray(parsed)) return `[${(parsed as readonly Parsed[]).map(parsedForm).join(',')}]`;
  return numberForm((parsed as Spelled).spelled);
};

/** @param text - JSON @throws SyntaxError */
export const formOfText = (text: string): string => parsedForm(parse(text));

/** The same of a message that was put together from its rows. */
export const formOfValue = (value: Value): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if ('n' in value) return numberForm(value.n);
  if ('l' in value) return `[${value.l.map(formOfValue).join(',')}]`;
  return objectForm(Object.entries(value.m).map(([name, member]) => [name, formOfValue(member)]));
};
