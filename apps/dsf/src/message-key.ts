import { memberOf, pathSegments } from '@dsf/metadata';

const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** The text of a number as the message has it: a double would round 12345678901234567890. */
const exactNumber = (json: string, names: readonly string[]): string | null => {
  const wrapped = JSON.parse(json, (_, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? { number: context?.source ?? String(value) } : value,
  ) as unknown;
  const found = descend(wrapped, names);
  return typeof found === 'object' && found !== null && 'number' in found ? String(found.number) : null;
};

const descend = (value: unknown, names: readonly string[]): unknown =>
  names.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && !Array.isArray(at) && Object.hasOwn(at, name)
        ? (at as Readonly<Record<string, unknown>>)[name]
        : undefined,
    value,
  );

/**
 * Reads the message key out of a message: the text of the scalar at `path`, written as in path.ts of the definitions.
 * @returns null when the message is not JSON or has no scalar there
 */
export const keyReader = (path: string): ((body: Uint8Array) => Uint8Array | null) => {
  const names = pathSegments(path).map(memberOf);
  return (body) => {
    try {
      const json = decoder.decode(body);
      const value = descend(JSON.parse(json), names);
      if (typeof value === 'string') return encoder.encode(value);
      if (typeof value === 'boolean') return encoder.encode(String(value));
      const number = typeof value === 'number' ? exactNumber(json, names) : null;
      return number === null ? null : encoder.encode(number);
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) return null;
      throw error;
    }
  };
};
