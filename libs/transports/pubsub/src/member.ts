import { Duration, type Message, type Subscription as RemoteSubscription } from '@google-cloud/pubsub';
import { makeBell, type Failure } from '@dsf/ports';
import { asTransportFailure, missingMsMax } from './pubsub-failure.ts';
import type { Share } from './share.ts';
import type { SubscriptionOptions } from './subscription-options.ts';

/** One streaming pull, opened again whenever it breaks. */
export interface Member {
  /** Runs until the subscription closes. */
  run(): Promise<void>;
  /** What a person must mend; null while all is well. */
  broken(): Failure | null;
}

const reopenMs = 500;
const seconds = (ms: number): Duration => Duration.from({ seconds: Math.max(1, Math.ceil(ms / 1000)) });

const openStream = ({ client, name, ackDeadlineMs, extensionMsMax, messagesMax, bytesMax }: SubscriptionOptions): RemoteSubscription =>
  client.subscription(name, {
    // One stream: several would have a key's messages by several ways.
    streamingOptions: { maxStreams: 1 },
    minAckDeadline: seconds(ackDeadlineMs),
    maxAckDeadline: seconds(ackDeadlineMs),
    maxExtensionTime: seconds(extensionMsMax),
    flowControl: { maxMessages: messagesMax, maxBytes: bytesMax, allowExcessMessages: false },
    batching: { maxMilliseconds: 10 },
  });

/** Reads until the stream fails or `closed` aborts. @returns what it failed with */
const readStream = async (options: SubscriptionOptions, share: Share, closed: AbortSignal): Promise<unknown> => {
  const stream = openStream(options);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  let isOver = false;
  const onMessage = (message: Message): void => {
    if (isOver) message.nack();
    else share.take(message);
  };
  stream.on('message', onMessage);
  stream.on('error', (error: Error) => resolve(error));
  const stop = (): void => resolve(null);
  closed.addEventListener('abort', stop, { once: true });
  const error = await promise;
  closed.removeEventListener('abort', stop);
  // What is under way to a stream when it ends comes to nobody before its deadline, and the lane waits: at least of lanes that were just to
  // be woken it is known that something is.
  if (error === null) await share.answered();
  isOver = true;
  // What is held goes back, so that others need not wait for its deadline.
  share.revokeAll();
  await stream.close().catch(() => undefined);
  return error;
};

export const makeMember = (options: SubscriptionOptions, share: Share, closed: AbortSignal): Member => {
  const { client, name, silenceMs } = options;
  const { clock } = client;
  const bell = makeBell(clock);
  let broken: Failure | null = null;

  const keepAwake = async (): Promise<void> => {
    while (!closed.aborted) {
      const silent = share.sweep();
      // Best effort: it is tried again as long as nothing is heard.
      if (silent.length > 0) await options.wake?.(silent).catch(() => undefined);
      share.woken();
      await bell.wait(silenceMs / 4, [closed]);
    }
  };
  const read = async (): Promise<void> => {
    let missingSince: number | null = null;
    while (!closed.aborted && broken === null) {
      const error = await readStream(options, share, closed);
      if (closed.aborted) return;
      const failure = asTransportFailure(error, { place: client.place, subscription: name });
      if (failure.code === 'transport.topic-missing') missingSince ??= clock.now();
      else missingSince = null;
      const mayCome = missingSince !== null && Math.abs(clock.now() - missingSince) < missingMsMax;
      if (failure.kind !== 'retry' && !mayCome) broken = failure;
      share.bell.ring();
      await bell.wait(reopenMs, [closed]);
    }
  };
  return {
    broken: () => broken,
    run: async () => {
      await Promise.all([read(), options.wake === undefined ? undefined : keepAwake()]);
    },
  };
};
