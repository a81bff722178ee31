import { Failure, type OutgoingMessage } from '@dsf/ports';
import type { MessageFormat, PubsubContent } from './message-format.ts';
import type { PubsubClient } from './pubsub-client.ts';
import { asTransportFailure, missingMsMax } from './pubsub-failure.ts';

export interface Sender {
  /** Resolves when every message is durable, in order per ordering key. @throws Failure */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  /** Asks lanes to make themselves known. */
  publish(topic: string, contents: readonly PubsubContent[]): Promise<void>;
  idle(): Promise<void>;
}

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength);

/** A topic that was there a moment ago may be made again at once, as its subscription is: then it is waited for. */
const makePatience = ({ clock }: PubsubClient) => {
  const there = new Set<string>();
  const missingSince = new Map<string, number>();
  return {
    sent(topic: string): void {
      there.add(topic);
      missingSince.delete(topic);
    },
    judge(topic: string, failure: Failure): Failure {
      if (failure.code !== 'transport.topic-missing' || !there.has(topic)) return failure;
      const since = missingSince.get(topic) ?? clock.now();
      missingSince.set(topic, since);
      if (Math.abs(clock.now() - since) >= missingMsMax) return failure;
      return new Failure('retry', failure.code, failure.message, failure.facts, { cause: failure });
    },
  };
};

/**
 * A failed publish blocks its ordering key, so that nothing overtakes what failed. Whoever sends it again sends all of it, in order, so the
 * key is let go before the failure is told.
 */
export const makeSender = (client: PubsubClient, format: MessageFormat): Sender => {
  const running = new Set<Promise<unknown>>();
  const patience = makePatience(client);

  const publish = async (topic: string, contents: readonly PubsubContent[]): Promise<void> => {
    const publisher = client.publisher(topic);
    const results = await Promise.allSettled(
      contents.map(({ data, attributes, orderingKey }) =>
        publisher.publishMessage({ data: asBuffer(data), attributes, ...(orderingKey === '' ? {} : { orderingKey }) }),
      ),
    );
    const failed = results.flatMap((result, index) => (result.status === 'rejected' ? [{ index, reason: result.reason as unknown }] : []));
    if (failed.length === 0) return patience.sent(topic);
    for (const key of new Set(failed.map(({ index }) => contents[index]?.orderingKey ?? '')))
      if (key !== '') publisher.resumePublishing(key);
    throw patience.judge(topic, asTransportFailure(failed[0]?.reason, { place: client.place, topic }, client.remedy));
  };
  return {
    publish,
    send: async (topic, messages) => {
      if (messages.length === 0) return;
      // All are looked at before the first goes: a send is refused whole.
      const contents = messages.map((message) => format.write(topic, message));
      const run = publish(topic, contents);
      running.add(run);
      await run.finally(() => running.delete(run));
    },
    idle: async () => {
      await Promise.allSettled(running);
    },
  };
};
