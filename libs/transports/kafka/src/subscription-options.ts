import type { PartitionBounds } from '@dsf/ports';
import type { KafkaClient } from './kafka-client.ts';

export interface SubscriptionOptions {
  /** Connections of this subscription alone; closed with it. */
  readonly client: KafkaClient;
  /** Connections of the transport, for what must not wait behind a request to join. */
  readonly shared: KafkaClient;
  readonly topic: string;
  readonly group: string;
  /** Partitions at or above it are given to nobody. */
  readonly lanes: number;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly pollMs: number;
  readonly fetchBytesMax: number;
  readonly partitionBytesMax: number;
  readonly prefetchBytesMax: number;
  readonly bounds: (partition: number) => Promise<PartitionBounds>;
}
