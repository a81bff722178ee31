import type { Broker } from 'kafkajs/src/cluster/index.js';
import errors from 'kafkajs/src/protocol/error.js';
import { readCompact } from './compact-reader.ts';
import { call, supports } from './wire-call.ts';
import { uvarintSize, writeWire } from './wire-writer.ts';

const metadataKey = 3;
/** The first version with ids is 10; kafkajs has none of them. */
const metadataVersion = 11;
/** Of a cluster that was upgraded and has not given any yet. */
const noId = '0'.repeat(32);
const unknownTopic = 3;

const encodeMetadata = (topic: string): Buffer => {
  const name = Buffer.from(topic, 'utf8');
  const size = 1 + 1 + 16 + uvarintSize(name.length + 1) + name.length + 1 + 3;
  // The end of the header; one topic, by its name; it is not to be made, and what the user may do is not asked.
  const writer = writeWire(size)
    .int8(0)
    .uvarint(2)
    .bytes(Buffer.alloc(16))
    .uvarint(name.length + 1)
    .bytes(name);
  return writer.int8(0).int8(0).int8(0).int8(0).finish();
};

const decodeMetadata = (raw: Buffer): string | null => {
  const reader = readCompact(raw);
  reader.tags();
  reader.skip(4);
  reader.compactList(() => {
    reader.skip(4);
    reader.compactString();
    reader.skip(4);
    reader.compactString();
    reader.tags();
  });
  reader.compactString();
  reader.skip(4);
  if (reader.uvarint() < 2) return null;
  const error = reader.int16();
  // Brokers hear of a new topic one after the other.
  if (error === unknownTopic) throw errors.createErrorFromCode(error);
  reader.compactString();
  const id = reader.bytes(16).toString('hex');
  return id === noId ? null : id;
};

/** What tells a topic from another that is made under the same name, hexadecimal; null where the broker does not say (before 2.8). @throws as kafkajs, where this broker does not know the topic */
export const askTopicId = async (broker: Broker, topic: string): Promise<string | null> =>
  supports(broker, metadataKey, metadataVersion)
    ? call(broker, ['Metadata', metadataKey, metadataVersion], { encode: () => encodeMetadata(topic), decode: decodeMetadata })
    : null;
