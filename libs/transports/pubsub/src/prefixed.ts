import type { PubsubTransport } from './pubsub-transport.ts';

/** The same transport with a prefix before the names of all topics and their subscriptions, so that several installations can share a project. */
export const prefixed = (transport: PubsubTransport, prefix: string): PubsubTransport => {
  const named = (name: string): string => `${prefix}${name}`;
  const { administration } = transport;
  return {
    ...transport,
    ensureTopic: (topic, partitions) => transport.ensureTopic(named(topic), partitions),
    growTopic: (topic, partitions) => transport.growTopic(named(topic), partitions),
    discard: (topic) => transport.discard(named(topic)),
    partitionCount: (topic) => transport.partitionCount(named(topic)),
    // The name of a subscription begins with that of its topic.
    subscribe: (topic, group, lanes) => transport.subscribe(named(topic), group, lanes),
    watch: (topic, isFromBeginning) => transport.watch(named(topic), isFromBeginning),
    send: (topic, messages) => transport.send(named(topic), messages),
    administration: {
      ...administration,
      nameOf: named,
      describe: (topic) => administration.describe(named(topic)),
      fit: (topic, shape) => administration.fit(named(topic), shape),
      create: (topic, shape) => administration.create(named(topic), shape),
      change: (topic, from, to) => administration.change(named(topic), from, to),
    },
  };
};
