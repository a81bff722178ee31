/*
 * Data as text, every value exactly: what JSON alone would lose are bytes, bigints, -0 and numbers that are none. Each is an object with one
 * name that begins with `$`; an object of the data that looks like one is put into another.
 */

const isTagLike = (value: object): boolean => {
  const names = Object.keys(value);
  return names.length === 1 && names[0]?.startsWith('$') === true;
};

const encodeValue = (value: unknown): unknown => {
  if (typeof value === 'bigint') return { $i: String(value) };
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $n: Object.is(value, -0) ? '-0' : String(value) };
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return { $b: value.toBase64() };
  if (Array.isArray(value)) return value.map(encodeValue);
  const plain = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encodeValue(member)]));
  return isTagLike(value) ? { $o: plain } : plain;
};

const decodeTag = (tag: string, value: unknown): unknown => {
  if (tag === '$i') return BigInt(String(value));
  if (tag === '$n') return Number(value);
  return tag === '$b' ? Uint8Array.fromBase64(String(value)) : decodeMembers(value as object);
};

const decodeMembers = (value: object): unknown =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [name, decodeValue(member)]));

const decodeValue = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(decodeValue);
  const [entry] = Object.entries(value);
  return entry !== undefined && isTagLike(value) ? decodeTag(entry[0], entry[1]) : decodeMembers(value);
};

export const encodeData = (data: unknown): string => JSON.stringify(encodeValue(data));

export const decodeData = (text: string): unknown => decodeValue(JSON.parse(text));
