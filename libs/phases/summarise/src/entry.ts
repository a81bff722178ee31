import type { Amount, Moment } from '@dsf/ports';
import type { Value } from '@dsf/messages';
import { valueText } from './text-order.ts';

/*
 * An amount with its moment, as the order-keeping measures store it: `[<moment>, value]`. The moment is text that sorts as time, source,
 * partition, offset, row do: fixed-width base 36, so that comparing needs no parsing.
 */

/** Times reach ±8.64e15 ms (the range of `Date`); shifted ones stay below 2^53. */
const timeShift = 9_000_000_000_000_000;

const digits = (value: number, width: number): string => value.toString(36).padStart(width, '0');

const momentText = ({ time, source, partition, offset, row }: Moment): string =>
  `${time < 0 ? `0${digits(time + timeShift, 11)}` : `1${digits(time, 11)}`}${digits(source, 7)}${digits(partition, 7)}${digits(offset, 11)}${digits(row, 7)}`;

export const entryOf = (amount: Amount, at: Moment): Value => ({ l: [momentText(at), amount] });

export const entryValue = (entry: Value): Value =>
  typeof entry === 'object' && entry !== null && 'l' in entry ? (entry.l[1] ?? null) : null;

const momentOf = (entry: Value): string => {
  const text = typeof entry === 'object' && entry !== null && 'l' in entry ? entry.l[0] : null;
  return typeof text === 'string' ? text : '';
};

/** By moment; two inputs of one driver can meet in the same row, and then the value decides, so that order still does not matter. */
export const compareEntries = (a: Value, b: Value): number => {
  const momentA = momentOf(a);
  const momentB = momentOf(b);
  if (momentA !== momentB) return momentA < momentB ? -1 : 1;
  const textA = valueText(entryValue(a));
  const textB = valueText(entryValue(b));
  return textA === textB ? 0 : textA < textB ? -1 : 1;
};
