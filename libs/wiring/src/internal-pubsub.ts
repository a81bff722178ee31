import type { Environment, InternalConfig } from '@dsf/config';
import { Failure, type Clock, type Transport } from '@dsf/ports';
import { readers, topics } from '@dsf/runtime';
import type { PubsubConnection } from '@dsf/transport-pubsub';
import { pubsubEmulator } from './pubsub-connection.ts';

const connectionOf = (config: InternalConfig, environment: Environment): PubsubConnection => {
  const { pubsubProject, pubsubRegion, pubsubEndpoint } = config;
  const emulator = pubsubEmulator(environment);
  // Two services that publish to two regions put the messages of a lane in no order at all.
  if (emulator === null && pubsubRegion === null && pubsubEndpoint === null)
    throw new Failure(
      'fatal',
      'transport.region',
      'DSF_INTERNAL_PUBSUB_REGION is missing: set it to the region that all services send through, such as europe-west1, or set DSF_INTERNAL_PUBSUB_ENDPOINT',
      {},
    );
  return {
    ...(pubsubProject === null ? {} : { project: pubsubProject }),
    ...(pubsubRegion === null ? {} : { region: pubsubRegion }),
    ...(pubsubEndpoint === null ? {} : { endpoint: pubsubEndpoint }),
    ...(emulator === null ? {} : { emulator }),
  };
};

/**
 * Pub/Sub for dsf.raw, dsf.points and dsf.summary. The topics and their subscriptions are made by `dsf topics apply`, never by the way: a
 * subscription has only what was sent since it was made.
 * @throws Failure `fatal` `transport.region`
 */
export const openInternalPubsub = async (config: InternalConfig, environment: Environment, clock: Clock): Promise<Transport> => {
  const connection = connectionOf(config, environment);
  const { openPubsubTransport } = await import('@dsf/transport-pubsub');
  return openPubsubTransport({
    connection,
    clock,
    createsTopics: false,
    readers: { [topics.raw]: [readers.raw], [topics.points]: [readers.points], [topics.summary]: [readers.summary] },
    remedy: 'make the internal topics and their subscriptions as they should be with `dsf topics apply`',
    ...(config.internalPrefix === null ? {} : { prefix: config.internalPrefix }),
  });
};
