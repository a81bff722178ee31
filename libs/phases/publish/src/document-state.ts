import type { GroupChange, KeyPart, Value } from '@dsf/messages';
import type { DriverInstance } from '@dsf/metadata';

const named = (names: readonly string[], values: readonly (Value | KeyPart)[]): Value => ({
  m: Object.fromEntries(names.map((name, index) => [name, values[index] ?? null])),
});

/** RFC 3339 in UTC with milliseconds. */
export const timeText = (ms: number): string => new Date(ms).toISOString();

/**
 * What a template sees of a group: `key.<name>`, `window.start` and `window.end` (half-open, RFC 3339 UTC), `measures.<name>`. `window` is
 * null when the driver has none, so that the member is always there.
 */
export const documentState = ({ key, window, measures }: GroupChange, driver: DriverInstance): Value => ({
  m: {
    key: named(driver.key, key),
    window: window === null ? null : { m: { start: timeText(window), end: timeText(window + (driver.windowMs ?? 0)) } },
    measures: named(
      driver.measures.map(({ name }) => name),
      measures,
    ),
  },
});
