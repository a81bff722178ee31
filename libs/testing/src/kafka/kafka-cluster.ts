import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaJars, type KafkaEnvironment } from './fetch-kafka.ts';
import { freePorts } from '../server-process.ts';
import { startNode, type KafkaNode } from './kafka-node.ts';

/** Three nodes of Apache Kafka: three copies of each partition, two of which must have a message. */
export interface KafkaCluster {
  /** `host:port` of all, without a login. */
  readonly addresses: readonly string[];
  /** By id, from 1 on. */
  node(id: number): Pick<KafkaNode, 'kill' | 'restart' | 'signal'>;
  close(): Promise<void>;
}

const nodes = 3;

/** @throws Error with what a node said, when it does not start */
export const startKafkaCluster = async (environment: KafkaEnvironment): Promise<KafkaCluster> => {
  const jars = await kafkaJars(environment);
  const folder = await mkdtemp(join(tmpdir(), 'dsf-kafka-cluster-'));
  const ids = Array.from({ length: nodes }, (_, index) => index + 1);
  const free = await freePorts(3 * nodes);
  const ports = ids.map((id) => {
    const [open = 0, login = 0, controller = 0] = free.slice(3 * (id - 1));
    return { id, open, login, controller, secure: null };
  });
  const voters = ports.map(({ id, controller }) => `${id}@127.0.0.1:${controller}`);
  // All at once: one alone finds no majority.
  const started = await Promise.all(ports.map(({ id, ...own }) => startNode(jars, join(folder, `node-${id}`), { id, ports: own, voters })));
  return {
    addresses: ports.map(({ open }) => `127.0.0.1:${open}`),
    node: (id) => {
      const node = started[id - 1];
      if (node === undefined) throw new Error(`there is no node ${id}`);
      return node;
    },
    close: async () => {
      await Promise.all(started.map((node) => node.end()));
      await rm(folder, { recursive: true, force: true });
    },
  };
};
