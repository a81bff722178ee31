import type { KafkaTransport } from './kafka-transport.ts';

/** The same transport with a prefix before the names of all topics and groups, so that several installations can share a cluster. */
export const prefixed = (transport: KafkaTransport, prefix: string): KafkaTransport => {
  const named = (name: string): string => `${prefix}${name}`;
  const { administration } = transport;
  return {
    ...transport,
    // Read each time: it is known only after the first connection.
    get capabilities() {
      return transport.capabilities;
    },
    topicId: (topic) => transport.topicId(named(topic)),
    ensureTopic: (topic, partitions) => transport.ensureTopic(named(topic), partitions),
    growTopic: (topic, partitions) => transport.growTopic(named(topic), partitions),
    trim: (topic, partition, before) => transport.trim(named(topic), partition, before),
    partitionCount: (topic) => transport.partitionCount(named(topic)),
    bounds: (topic, partition) => transport.bounds(named(topic), partition),
    offsetAt: (topic, partition, time) => transport.offsetAt(named(topic), partition, time),
    subscribe: (topic, group, lanes) => transport.subscribe(named(topic), named(group), lanes),
    send: (topic, messages) => transport.send(named(topic), messages),
    openWriter: async (topic, name) => {
      const writer = await transport.openWriter(named(topic), named(name));
      return { send: (to, messages) => writer.send(named(to), messages) };
    },
    messageBytesMax: (topic) => transport.messageBytesMax(named(topic)),
    administration: {
      ...administration,
      nameOf: named,
      describe: (topic) => administration.describe(named(topic)),
      create: (topic, shape) => administration.create(named(topic), shape),
      change: (topic, from, to) => administration.change(named(topic), from, to),
    },
  };
};
