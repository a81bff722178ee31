/** The farthest that `Date` knows from 1970, ms: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const timeMax = 8.64e15;

/**
 * A broker timestamp as it is stored, UTC ms. Producers stamp what they like: nanoseconds, or the least integer of 64 bits. What no
 * calendar has becomes the nearest that one has, because neither a number nor a date holds it, and no lane could read its position again.
 */
export const brokerTime = (time: number): number => Math.min(Math.max(time, -timeMax), timeMax);
