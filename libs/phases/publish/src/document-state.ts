import type { GroupChange, KeyPart, Value } from '@dsf/messages';
import type { DriverInstance } from '@dsf/metadata';

/** Names are identifiers that start with a letter, so none of them is `__proto__`. */
const named = (names: readonly string[], values: readonly (Value | KeyPart)[]): Value => {
  const members: Record<string, Value> = {};
  for (let index = 0; index < names.length; index += 1) members[names[index] ?? ''] = values[index] ?? null;
  return { m: members };
};

const timesMax = 1024;
const times = new Map<number, string>();

/** RFC 3339 in UTC with milliseconds. Remembered: most groups of a moment have one of few windows. */
export const timeText = (ms: number): string => {
  const known = times.get(ms);
  if (known !== undefined) return known;
  const text = new Date(ms).toISOString();
  if (times.size >= timesMax) times.clear();
  times.set(ms, text);
  return text;
};

export interface DocumentNames {
  readonly key: readonly string[];
  readonly measures: readonly string[];
  readonly windowMs: number;
}

export const documentNames = ({ key, measures, windowMs }: DriverInstance): DocumentNames => ({
  key,
  measures: measures.map(({ name }) => name),
  windowMs: windowMs ?? 0,
});

/**
 * What a template sees of a group: `key.<name>`, `window.start` and `window.end` (half-open, RFC 3339 UTC), `measures.<name>`. `window` is
 * null when the driver has none, so that the member is always there.
 */
export const documentState = ({ key, window, measures }: GroupChange, names: DocumentNames): Value => ({
  m: {
    key: named(names.key, key),
    window: window === null ? null : { m: { start: timeText(window), end: timeText(window + names.windowMs) } },
    measures: named(names.measures, measures),
  },
});
