import { createServer, type AddressInfo, type LookupFunction } from 'node:net';
import { realClock } from '@dsf/testing';
import Cluster from 'kafkajs/src/cluster/index.js';
import loggers from 'kafkajs/src/loggers/index.js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { asTransportFailure } from './kafka-failure.ts';
import { makeSockets } from './kafka-socket.ts';
import { lookOnlyWhenRequestsWait } from './request-queue.ts';

lookOnlyWhenRequestsWait();

const connectTimeoutMs = 400;

/** Accepts connections, and never says a word. */
const silent = createServer((socket) => void socket.resume());
beforeEach(() => new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve)));
afterEach(() => new Promise<unknown>((resolve) => void silent.close(resolve)));

/** kafkajs, with our sockets. @returns why it did not come to a broker */
const failureWith = async (lookup: LookupFunction): Promise<unknown> => {
  const broker = `broker.example:${(silent.address() as AddressInfo).port}`;
  const sockets = makeSockets({ clock: realClock, connectTimeoutMs, lookup, tls: undefined });
  const cluster = new Cluster({
    ...{ brokers: [broker], socketFactory: sockets.open, connectionTimeout: connectTimeoutMs, requestTimeout: connectTimeoutMs },
    ...{ logger: loggers.createLogger({ level: 0, logCreator: () => () => undefined }), retry: { retries: 0 } },
  });
  const failure = await cluster.connect().then(
    () => null,
    (error: unknown) => asTransportFailure(error, { brokers: broker }),
  );
  await sockets.closeWith(cluster.disconnect());
  return failure;
};

it('a name that the name service has no answer for in time is not a broker that is away', async () => {
  expect(await failureWith(() => undefined)).toMatchObject({
    ...{ kind: 'retry', code: 'transport.host-unknown' },
    message: expect.stringMatching(/broker\.example:\d+ was not resolved in time/) as unknown,
  });
});

it('a name that is resolved late, and a broker there that says nothing, is one', async () => {
  const late: LookupFunction = (_, { all }, say) => {
    const answer = (): void => (all === true ? say(null, [{ address: '127.0.0.1', family: 4 }]) : say(null, '127.0.0.1', 4));
    setTimeout(answer, connectTimeoutMs / 2);
  };
  expect(await failureWith(late)).toMatchObject({ kind: 'retry', code: 'transport.unavailable' });
});
