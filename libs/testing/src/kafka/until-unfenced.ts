import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';

const pauseMs = 50;
/** A question that nobody answers is asked again, of a broker that has got further. */
const patience = { connectionTimeout: 2000, requestTimeout: 5000, retry: { retries: 0 } } as const;

/** Whether the cluster counts the node in, and each partition has a leader; one that has none is an error to kafkajs. */
const isCountedIn = async (address: string, id: number): Promise<boolean> => {
  const admin = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING, ...patience }).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    return brokers.some(({ nodeId }) => nodeId === id);
  } catch {
    return false;
  } finally {
    await admin.disconnect();
  }
};

/**
 * Waits until the controller lets a node lead partitions. In KRaft its port opens before that, and whoever sends meanwhile finds no leader.
 * @param address - `host:port` where no login is needed @throws Error after `waitMsMax`
 */
export const untilUnfenced = async (address: string, id: number, waitMsMax: number): Promise<void> => {
  const giveUpAt = Date.now() + waitMsMax;
  while (!(await isCountedIn(address, id))) {
    if (Date.now() > giveUpAt) throw new Error(`Kafka's node ${id} leads nothing, ${waitMsMax} ms after its port opened`);
    await delay(pauseMs);
  }
};
