import { ExpressionError } from '../expression-types.ts';
import type { CelFunction } from './frame.ts';
import { Decimal, decimalText, isSpan, kindOf } from './operand.ts';
import type { Operand } from './operand.ts';

/*
 * Timestamps and durations, with the accessors of CEL's definition (months, days of the month and of the year count from 0, `getDate` from 1,
 * weeks start on Sunday). They take an IANA time zone as their argument; without it they speak of UTC.
 */

const timestamp: CelFunction = {
  arity: [1, 1],
  apply: ([operand = null], start) => {
    if (operand instanceof Temporal.Instant) return operand;
    try {
      if (typeof operand === 'string') return Temporal.Instant.from(operand);
      // Epoch milliseconds, as everywhere in DSF.
      if (operand instanceof Decimal)
        return Temporal.Instant.fromEpochNanoseconds(BigInt(decimalText(operand.times(1_000_000).round(0, 0))));
    } catch {
      throw new ExpressionError(
        `${typeof operand === 'string' ? JSON.stringify(operand.slice(0, 60)) : 'the number'} is not a timestamp (RFC 3339, or epoch ms)`,
        start,
      );
    }
    throw new ExpressionError(`expected RFC 3339 text or epoch ms, got ${kindOf(operand)}`, start);
  },
};

const unitNanoseconds = { h: 3_600_000_000_000n, m: 60_000_000_000n, s: 1_000_000_000n, ms: 1_000_000n, us: 1000n, ns: 1n } as const;
type Unit = keyof typeof unitNanoseconds;
const isUnit = (text: string | undefined): text is Unit => text !== undefined && Object.hasOwn(unitNanoseconds, text);

/** `1h30m`, `-1.5s`, `250ms`. */
const duration: CelFunction = {
  arity: [1, 1],
  apply: ([operand = null], start) => {
    if (isSpan(operand)) return operand;
    if (typeof operand !== 'string' || !/^-?(?:\d{1,15}(?:\.\d{1,9})?(?:h|ms|m|s|us|ns))+$/.test(operand))
      throw new ExpressionError('expected a duration such as "1h30m" or "1.5s"', start);
    let nanoseconds = 0n;
    for (const [, amount = '0', unit] of operand.matchAll(/([\d.]+)([a-z]+)/g)) {
      if (isUnit(unit)) nanoseconds += BigInt(decimalText(new Decimal(amount).times(unitNanoseconds[unit].toString()).round(0, 0)));
    }
    return { nanoseconds: operand.startsWith('-') ? -nanoseconds : nanoseconds };
  },
};

const zoned = (args: readonly Operand[], start: number): Temporal.ZonedDateTime => {
  const [instant = null, zone = 'UTC'] = args;
  if (!(instant instanceof Temporal.Instant))
    throw new ExpressionError(`expected timestamp, got ${kindOf(instant)}; timestamp(…) makes one of a text`, start);
  try {
    return instant.toZonedDateTimeISO(typeof zone === 'string' ? zone : '');
  } catch {
    throw new ExpressionError(`${typeof zone === 'string' ? JSON.stringify(zone.slice(0, 60)) : kindOf(zone)} is not a time zone`, start);
  }
};

const part = (read: (at: Temporal.ZonedDateTime) => number): CelFunction => ({
  arity: [1, 2],
  apply: (args, start) => new Decimal(read(zoned(args, start))),
});

/** For a duration: how many whole ones it has. */
const partOrTotal = (read: (at: Temporal.ZonedDateTime) => number, unit: Unit): CelFunction => ({
  arity: [1, 2],
  apply: (args, start) => {
    const [operand = null] = args;
    return isSpan(operand) ? new Decimal((operand.nanoseconds / unitNanoseconds[unit]).toString()) : new Decimal(read(zoned(args, start)));
  },
});

export const timeFunctions: readonly (readonly [string, CelFunction])[] = [
  ['timestamp', timestamp],
  ['duration', duration],
  ['getFullYear', part((at) => at.year)],
  ['getMonth', part((at) => at.month - 1)],
  ['getDate', part((at) => at.day)],
  ['getDayOfMonth', part((at) => at.day - 1)],
  ['getDayOfWeek', part((at) => at.dayOfWeek % 7)],
  ['getDayOfYear', part((at) => at.dayOfYear - 1)],
  ['getHours', partOrTotal((at) => at.hour, 'h')],
  ['getMinutes', partOrTotal((at) => at.minute, 'm')],
  ['getSeconds', partOrTotal((at) => at.second, 's')],
  ['getMilliseconds', partOrTotal((at) => at.millisecond, 'ms')],
];
