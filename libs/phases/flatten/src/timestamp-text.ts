/*
 * Strict RFC 3339 date-times (https://www.rfc-editor.org/rfc/rfc3339#section-5.6), capital T and Z, at most nine digits of a second.
 */

const dateTime = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))$/;
const fullDate = /^(\d{4})-(\d\d)-(\d\d)$/;

/** UTC ms of a civil time that exists; null for 30 February or 24:00. `Date.UTC` alone takes years below 100 for 19xx. */
const civilMs = (parts: readonly number[]): number | null => {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return null;
  return date.setUTCHours(hour, minute, second, 0);
};

/**
 * @returns the same moment as `2026-11-23T20:57:35.120Z`: UTC, with the digits of the second as they were written; null for everything
 * that is not a date-time, among them leap seconds, which no engine can hold
 */
export const canonicalTimestamp = (text: string): string | null => {
  // The shortest is 20 letters long; most strings fail here, without a match.
  if (text.length < 20 || text.length > 35 || text.charCodeAt(10) !== 0x54) return null;
  const match = dateTime.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour = '00', offsetMinute = '00'] = match;
  const local = civilMs([year, month, day, hour, minute, second].map(Number));
  if (local === null || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000 * (sign === '-' ? -1 : 1);
  const moment = new Date(local - offsetMs).toISOString();
  // Years outside 0000 to 9999 have a sign and six digits, and are no RFC 3339 any more.
  return moment.length === 24 ? `${moment.slice(0, 19)}${fraction}Z` : null;
};

/** The date itself when it is a day of the calendar, written `2026-11-23`. */
export const canonicalDate = (text: string): string | null => {
  const match = fullDate.exec(text);
  return match !== null && civilMs(match.slice(1).map(Number)) !== null ? text : null;
};
