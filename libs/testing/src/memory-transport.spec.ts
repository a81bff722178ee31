import { describe } from 'vitest';
import { createMemoryBroker, topicOf, trim } from './memory-transport-broker.ts';
import { openMemoryTransport } from './memory-transport.ts';
import { realClock } from './real-clock.ts';
import { groupContract } from './transport-contract-groups.ts';
import { logContract } from './transport-contract-log.ts';
import { readContract } from './transport-contract-reads.ts';
import type { TransportHarness } from './transport-harness.ts';

const makeHarness = async (): Promise<TransportHarness> => {
  const broker = createMemoryBroker({ messageBytesMax: 8_000_000, now: () => Date.now() });
  return {
    open: async () => openMemoryTransport(broker, realClock),
    remote: { module: 'none', factory: 'none', config: {} },
    memberTimeoutMs: 200,
    trim: async (topic, partition, before) => trim(topicOf(broker, topic), partition, before),
    close: async () => undefined,
  };
};

/** All of the transport contract but what needs several processes, which have no memory in common. */
describe('the transport contract, kept by the transport in memory', () => {
  describe('log', () => {
    logContract(makeHarness);
  });
  describe('reads', () => {
    readContract(makeHarness);
  });
  describe('groups', () => {
    groupContract(makeHarness);
  });
});
