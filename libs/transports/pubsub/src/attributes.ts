import { hash32, type Header } from '@dsf/messages';
import { Failure, type OutgoingMessage } from '@dsf/ports';
import { checkSize, limits, type MessageFormat } from './message-format.ts';

/*
 * Messages that others write or read. CloudEvents in binary mode: attributes of the event are attributes of the message with `ce-` before their
 * name, the content type is `content-type`, as in the binding of https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md
 */

const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();
/** As Kafka's binding has it, which publications are made for. */
const kafkaPrefix = 'ce_';
const pubsubPrefix = 'ce-';

const refuse = (topic: string, what: string): Failure =>
  new Failure('poison', 'transport.attribute', `a message for topic "${topic}" does not fit Pub/Sub: ${what}`, { topic });

const textOf = (topic: string, what: string, bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes);
  } catch {
    throw refuse(topic, `${what} is not UTF-8`);
  }
};

const attributesOf = (topic: string, headers: readonly Header[]): Readonly<Record<string, string>> => {
  const attributes = new Map<string, string>();
  for (const [header, value] of headers) {
    const name = header.startsWith(kafkaPrefix) ? `${pubsubPrefix}${header.slice(kafkaPrefix.length)}` : header;
    const text = textOf(topic, `attribute ${name}`, value);
    if (name === '' || name.startsWith('goog')) throw refuse(topic, `"${name}" is no name of an attribute`);
    if (Buffer.byteLength(name) > limits.attributeNameBytesMax)
      throw refuse(topic, `the name of an attribute is over ${limits.attributeNameBytesMax} bytes`);
    if (Buffer.byteLength(text) > limits.attributeValueBytesMax)
      throw refuse(topic, `attribute ${name} is over ${limits.attributeValueBytesMax} bytes`);
    attributes.set(name, text);
  }
  if (attributes.size > limits.attributesMax)
    throw refuse(topic, `it has ${attributes.size} attributes, ${limits.attributesMax} are allowed`);
  return Object.fromEntries(attributes);
};

const orderingKeyOf = (topic: string, { key }: OutgoingMessage): string => {
  const text = key === null ? '' : textOf(topic, 'its key', key);
  if (Buffer.byteLength(text) > limits.orderingKeyBytesMax) throw refuse(topic, `its key is over ${limits.orderingKeyBytesMax} bytes`);
  return text;
};

/** Sources and publications: the ordering key is the key, attributes are headers. Of a message without data nothing is there. */
export const attributesFormat: MessageFormat = {
  write: (topic, message) => {
    const content = {
      data: message.body ?? new Uint8Array(),
      attributes: attributesOf(topic, message.headers),
      orderingKey: orderingKeyOf(topic, message),
    };
    // The service refuses it, and with it all that goes in the same request.
    if (content.data.byteLength === 0 && Object.keys(content.attributes).length === 0)
      throw refuse(topic, 'it has neither data nor attributes');
    return checkSize(topic, content);
  },
  read: ({ data, attributes, orderingKey }) => ({
    key: orderingKey === '' ? null : encoder.encode(orderingKey),
    headers: Object.entries(attributes)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, encoder.encode(value)] as const),
    body: data.byteLength === 0 ? null : data,
  }),
  // What has one ordering key stays in one lane, and so does what comes again under its id.
  laneOf: ({ orderingKey }, id, lanes) => hash32(orderingKey === '' ? id : orderingKey) % lanes,
};
