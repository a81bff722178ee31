import type { Transport } from '@dsf/ports';

/** The same transport with a prefix before the names of all topics and groups, so that several installations can share a cluster. */
export const prefixed = <T extends Transport>(transport: T, prefix: string): T => {
  const named = (name: string): string => `${prefix}${name}`;
  return {
    ...transport,
    // Read each time: it is known only after the first connection.
    get capabilities() {
      return transport.capabilities;
    },
    ensureTopic: (topic, partitions) => transport.ensureTopic(named(topic), partitions),
    growTopic: (topic, partitions) => transport.growTopic(named(topic), partitions),
    partitionCount: (topic) => transport.partitionCount(named(topic)),
    bounds: (topic, partition) => transport.bounds(named(topic), partition),
    offsetAt: (topic, partition, time) => transport.offsetAt(named(topic), partition, time),
    subscribe: (topic, group) => transport.subscribe(named(topic), named(group)),
    send: (topic, messages) => transport.send(named(topic), messages),
  };
};
