import type { RawRecord, Value } from '@dsf/messages';
import { memberOf, pathSegments } from '@dsf/metadata';
import { LosslessNumber } from 'lossless-json';
import { isList } from './json.ts';
import type { Json } from './json.ts';
import { exactText } from './typed.ts';

// A byte order mark at the start of a key is part of it: without it two keys would be one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as text; bytes that are no UTF-8 as `\x` and hexadecimal digits, so that nothing is lost. */
export const textOfBytes = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes);
  } catch {
    return `\\x${bytes.toHex()}`;
  }
};

/** The last header of a name, as brokers' own clients read it; null when there is none. */
export const headerText = (record: RawRecord, name: string): string | null => {
  const header = record.headers.findLast(([known]) => known === name);
  return header === undefined ? null : textOfBytes(header[1]);
};

/** A part of a message as it travels between phases: numbers exact, maps without a prototype. */
export const valueOf = (json: Json): Value => {
  if (typeof json === 'number' || json instanceof LosslessNumber) return { n: exactText(json) };
  if (json === null || typeof json !== 'object') return json;
  if (isList(json)) return { l: json.map(valueOf) };
  const members = Object.create(null) as Record<string, Value>;
  for (const name of Object.keys(json)) members[name] = valueOf(json[name] ?? null);
  return { m: members };
};

const memberAt = (json: Json, member: string): Json => {
  if (isList(json)) return json.map((item) => memberAt(item, member));
  if (json === null || typeof json !== 'object' || json instanceof LosslessNumber) return null;
  return Object.hasOwn(json, member) ? (json[member] ?? null) : null;
};

/**
 * The value at a path of a whole message; below a list, the list of what its items have there. Null when there is nothing.
 * `$key`, `$headers.<name>`, `$time` and `$ingested` (RFC 3339 text, UTC) are the record's own.
 */
export const readMessage = (message: Json, record: RawRecord, path: string): Value => {
  const [first = '', ...others] = pathSegments(path);
  switch (first) {
    case '$key':
      return record.key === null ? null : textOfBytes(record.key);
    case '$headers':
      return headerText(record, memberOf(others[0] ?? ''));
    case '$time':
      return new Date(record.time).toISOString();
    case '$ingested':
      return new Date(record.ingestedAt).toISOString();
    default:
      return valueOf(pathSegments(path).map(memberOf).reduce(memberAt, message));
  }
};
