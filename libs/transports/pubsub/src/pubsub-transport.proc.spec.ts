import { randomUUID } from 'node:crypto';
import {
  laneTransportContract,
  realClock,
  startPubsub,
  isStrictPubsub,
  whyNoPubsub,
  type LaneHarness,
  type PubsubServer,
} from '@dsf/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPubsubTransport } from './pubsub-transport.ts';

const reason = whyNoPubsub(process.env);
const isStrict = isStrictPubsub(process.env);

// What the emulator cannot show is named, too.
it.for(reason !== null || isStrict ? [] : ['Google’s emulator gives the keys of a killed client to nobody: run `npm run test:pubsub`'])(
  'members on Pub/Sub take over the lanes of one that was killed',
  (why, { skip }) => {
    expect(why).not.toBe('');
    skip(why);
  },
);

// One line in the counts says why nothing of this ran.
it.for(reason === null ? [] : [reason])('Pub/Sub keeps the contract of the transport', (why, { skip }) => {
  expect(why).not.toBe('');
  skip(why);
});

describe.skipIf(reason !== null)('on Pub/Sub', () => {
  let server: PubsubServer;
  beforeAll(async () => {
    server = await startPubsub(process.env);
  }, 300_000);
  afterAll(() => server.close());

  /** One server for all tests; a prefix of its own makes it empty for each. */
  const makeHarness = async (): Promise<LaneHarness> => {
    const config = { connection: { emulator: server.address }, ackDeadlineMs: 10_000, silenceMs: 4000, prefix: `test-${randomUUID()}.` };
    return {
      open: async () => openPubsubTransport({ ...config, clock: realClock }),
      remote: { module: new URL('pubsub-transport.ts', import.meta.url).href, factory: 'openPubsubTransport', config },
      memberTimeoutMs: config.ackDeadlineMs,
      close: async () => undefined,
    };
  };

  laneTransportContract('Pub/Sub', makeHarness, { isStrict });
});
