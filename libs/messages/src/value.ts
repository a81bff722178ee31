/** An exact decimal number as canonical text: no exponent, no leading `+`, no superfluous zeros (`-12.5`, `0`). */
export interface Num {
  readonly n: string;
}

/**
 * A value that travels between phases and rests in a group's state. Numbers are exact text (`n`), lists (`l`) and maps (`m`)
 * are tagged, so that a user's own map with a member called `n` cannot be mistaken for a number.
 */
export type Value = null | boolean | string | Num | { readonly l: readonly Value[] } | { readonly m: Readonly<Record<string, Value>> };

/** One part of a group's key. Numbers keep their exact text. */
export type KeyPart = null | boolean | string | Num;

export const isNum = (value: Value): value is Num => typeof value === 'object' && value !== null && 'n' in value;

/**
 * The canonical text of a group: equal groups have equal text, whatever made them.
 * `window` is the window's start in UTC ms, or null when the driver has no window.
 */
export const groupText = (key: readonly KeyPart[], window: number | null): string =>
  window === null ? JSON.stringify(key) : `${JSON.stringify(key)}@${window}`;

/** True only for equal keys; of numbers it does not look at the text, so it may call equal keys different. Cheap, for what is kept from the point before. */
export const isSameKey = (a: readonly KeyPart[], b: readonly KeyPart[]): boolean => {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
};

/** A value as JSON that people know: numbers bare and exact, lists and maps without tags. */
export const plainJson = (value: Value): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isNum(value)) return value.n;
  if ('l' in value) return `[${value.l.map(plainJson).join(',')}]`;
  return `{${Object.entries(value.m)
    .map(([name, member]) => `${JSON.stringify(name)}:${plainJson(member)}`)
    .join(',')}}`;
};
