import type { Delivery } from '@dsf/ports';
import { jsonText } from './json-text.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** JSON as it stands in a message, with every digit; text that is not JSON as text; other bytes as base64. */
const bodyValue = (bytes: Uint8Array | null): unknown => {
  if (bytes === null) return null;
  try {
    const text = decoder.decode(bytes);
    try {
      JSON.parse(text);
      return rawValue(text);
    } catch {
      return text;
    }
  } catch {
    return bytes;
  }
};

/** `JSON.rawJSON` takes scalars only, so what is nested is built again with its numbers as they were written. */
const rawValue = (text: string): unknown =>
  JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? JSON.rawJSON(context.source) : value,
  );

/** @param name - of an attribute of a CloudEvent, which Kafka has behind `ce_` and Pub/Sub behind `ce-` */
const header = ({ headers }: Delivery, name: string): string | null => {
  const found = headers.find(([candidate]) => candidate === `ce_${name}` || candidate === `ce-${name}`);
  return found === undefined ? null : Buffer.from(found[1]).toString('utf8');
};

/** Where messages are not numbered they have an id. */
const placeOf = (partition: number, { offset, id }: Delivery): object => (id === undefined ? { partition, offset } : { id });

/** A message with all that came with it. */
export const deliveryJson = (partition: number, delivery: Delivery): string =>
  jsonText({
    ...placeOf(partition, delivery),
    time: new Date(delivery.time).toISOString(),
    key: bodyValue(delivery.key),
    headers: delivery.headers.map(([name, value]) => [name, value]),
    body: bodyValue(delivery.body),
  });

/** A published document: revision and reason first, so that they line up. Other messages have neither and show where they are instead. */
export const documentJson = (partition: number, delivery: Delivery): string => {
  const revision = header(delivery, 'dsfrevision');
  const place = revision === null ? placeOf(partition, delivery) : { revision: Number(revision), reason: header(delivery, 'dsfreason') };
  return jsonText({ ...place, key: bodyValue(delivery.key), body: bodyValue(delivery.body) });
};
