import type { Value } from '@dsf/messages';
import { isNum } from '@dsf/messages';

/** RFC 3339 date-time; seconds may be 60, as in a leap second. */
const rfc3339 = /^\d{4}-\d{2}-(\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Years 0 to 9999, which is all that RFC 3339 can write. */
const timeMin = Date.UTC(-1, 12);
const timeMax = Date.UTC(9999, 12) - 1;

const parseRfc3339 = (text: string): number | null => {
  const match = rfc3339.exec(text);
  if (match === null) return null;
  // Up to the 28th `Date.parse` needs no checking; later it would read 30 February as 2 March, which Temporal refuses.
  if (Number(match[1]) <= 28) {
    const time = Date.parse(/[tz]/.test(text) ? text.toUpperCase() : text);
    if (!Number.isNaN(time)) return time;
  }
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    return null;
  }
};

/** All rows of a record mostly share its time, so the last text is not parsed again. */
const rememberLast = (parse: (text: string) => number | null): ((text: string) => number | null) => {
  let last: { readonly text: string; readonly time: number | null } = { text: '', time: null };
  return (text) => {
    if (text !== last.text) last = { text, time: parse(text) };
    return last.time;
  };
};

/** True for the years 0 to 9999. */
export const isOnCalendar = (time: number): boolean => time >= timeMin && time <= timeMax;

const parseText = rememberLast(parseRfc3339);

/**
 * An event time in UTC ms: RFC 3339 text, or a number of ms since 1970 (a fraction is cut towards the past), in the years 0 to 9999.
 * @returns null when the value is neither
 */
export const eventTime = (value: Value): number | null => {
  if (typeof value === 'string') return parseText(value);
  if (value === null || typeof value !== 'object' || !isNum(value)) return null;
  const time = Math.floor(Number(value.n));
  return isOnCalendar(time) ? time : null;
};

/** Start of the tumbling window that holds `time`; aligned to 1970 UTC, also before it. */
export const windowStart = (time: number, windowMs: number): number => Math.floor(time / windowMs) * windowMs;
