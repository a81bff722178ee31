import { hash32 } from '@dsf/messages';

/** JSON with the members of every object in order of their names, so that equal meaning has equal text. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))))
      : member,
  );

const hex = (bits: number): string => (bits >>> 16).toString(16).padStart(4, '0');

/**
 * `<name>@<8 hex digits>` over everything that decides the driver's states. Half of each of two hashes: FNV alone has known collisions of
 * like texts, and two driver versions under one name would mix their states.
 */
export const instanceName = (name: string, meaning: unknown): string => {
  const text = canonicalJson(meaning);
  return `${name}@${hex(hash32(`a${text}`))}${hex(hash32(`b${text}`))}`;
};

/** The driver that an instance is of. */
export const driverOf = (instance: string): string => instance.slice(0, instance.lastIndexOf('@'));
