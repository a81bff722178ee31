import type { MessageFormat } from './message-format.ts';
import type { PubsubClient } from './pubsub-client.ts';

export interface SubscriptionOptions {
  readonly client: PubsubClient;
  /** Name of the subscription in Pub/Sub. */
  readonly name: string;
  readonly format: MessageFormat;
  /** Lanes at or above it are given to nobody. */
  readonly lanes: number;
  /** `sticky`: the member to which the key's messages come; `every`: all members have all lanes. */
  readonly sharing: 'sticky' | 'every';
  /** Wakes lanes that nobody has heard of; absent: not needed, since each member has all. */
  readonly wake?: (lanes: readonly number[]) => Promise<void>;
  /** Messages of a member that is gone or frozen come to another after so long; renewed while it lives. */
  readonly ackDeadlineMs: number;
  /** How long a message is renewed at most; has to exceed the slowest commit. */
  readonly extensionMsMax: number;
  /** Messages that this member has and has not acknowledged. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** A lane of which nothing was heard for so long is taken to be elsewhere; half of it passes before it is woken. */
  readonly silenceMs: number;
}
