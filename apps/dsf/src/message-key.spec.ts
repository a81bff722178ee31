import { expect, it } from 'vitest';
import { keyReader } from './message-key.ts';

const keyOf = (path: string, message: string | Uint8Array): string | null => {
  const key = keyReader(path)(Buffer.from(message));
  return key === null ? null : Buffer.from(key).toString();
};

it.each([
  ['not JSON', 'id', 'not json'],
  ['half of it', 'id', '{"id": 1'],
  ['bytes that are no UTF-8', 'id', Buffer.from([0x22, 0xff, 0x22])],
  ['nothing there', 'id', '{"other": 1}'],
  ['null', 'id', '{"id": null}'],
  ['an object', 'id', '{"id": {"a": 1}}'],
  ['a list', 'id.0', '{"id": ["a"]}'],
  ['a member that every object inherits', 'constructor', '{}'],
  ['a message that is no object', 'length', '"text"'],
])('finds no key in %s', (_, path, message) => {
  expect(keyOf(path, message)).toBeNull();
});

it.each([
  ['id', '{"id":"o-1"}', 'o-1'],
  ['customer.id', '{"customer":{"id":7}}', '7'],
  ['id', '{"id":12345678901234567890}', '12345678901234567890'],
  ['id', '{"id":1.50}', '1.50'],
  ['ok', '{"ok":false}', 'false'],
  [String.raw`a\.b`, '{"a.b":"dotted"}', 'dotted'],
  ['id', '{"id":""}', ''],
])('reads %s out of %s as %j', (path, message, key) => {
  expect(keyOf(path, message)).toBe(key);
});
