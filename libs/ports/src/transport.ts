import type { Header } from '@dsf/messages';

export interface BatchLimits {
  readonly recordsMax: number;
  readonly bytesMax: number;
  /** How long a read waits for its first message before it gives up with an empty list. */
  readonly waitMs: number;
}

export interface TransportCapabilities {
  /**
   * `broker`: the broker numbers the messages, and keeps them to be read again. `assigned`: it does neither, so DSF numbers them (delivery
   * rule 6): an offset counts what one feed was sent and is good for `acknowledge` alone, `seek` does nothing, what was not acknowledged comes
   * again, and `bounds`, `offsetAt` and `trim` throw Failure `fatal` `transport.no-offsets`.
   */
  readonly offsets: 'broker' | 'assigned';
  /** Largest message body that `send` takes. */
  readonly messageBytesMax: number;
  /** What traces call the messaging system, as OpenTelemetry's conventions name it; default `dsf`. */
  readonly system?: string;
}

/** A message on its way out. The sender names the partition itself; the broker is never asked how many there are. */
export interface OutgoingMessage {
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly headers: readonly Header[];
  readonly body: Uint8Array | null;
}

/** A message as it came in. */
export interface Delivery {
  readonly offset: number;
  /** What the system calls the message, also when it sends it again. Present where `offsets` is `assigned`. */
  readonly id?: string;
  /** Broker timestamp, UTC ms. */
  readonly time: number;
  readonly timeType: 'create' | 'append';
  readonly key: Uint8Array | null;
  readonly headers: readonly Header[];
  readonly body: Uint8Array | null;
  /** What the body says, where sender and reader share a process and it was never written down. Set by the runtime, never by an adapter. */
  readonly content?: unknown;
}

/** Where a partition begins and ends now: [start, end). */
export interface PartitionBounds {
  readonly start: number;
  readonly end: number;
}

/** What waits for the readers of a topic. */
export interface Backlog {
  readonly messages: number;
  /** When they were counted, UTC ms. */
  readonly at: number;
}

/** One partition while this member owns it. Reads are in offset order. */
export interface PartitionFeed {
  readonly partition: number;
  /** Aborts when the partition is taken away or the subscription closes; reads then return empty lists. */
  readonly revoked: AbortSignal;
  /** The next `read` starts at `offset`, whatever the group has acknowledged. For sources, which start at DSF's own position. */
  seek(offset: number): void;
  /**
   * At most `limits`, at least one message if one is there (even if it alone is over `bytesMax`); empty when none came within `waitMs`.
   * @throws Failure `retry` when the broker is away; `fatal` `transport.out-of-range` when the offset asked for is not in the log any
   * more (facts: start, end), lies beyond its end, or was one of a topic that has been made anew; `fatal` `transport.diverged` when the log
   * has lost what was read before it, and holds other messages from an offset on (facts: offset, start); `fatal` `transport.unreadable`
   * when everything before it was handed out and what comes is damaged (facts: offset, start, where the log goes on behind it)
   */
  read(limits: BatchLimits, signal: AbortSignal): Promise<readonly Delivery[]>;
  /**
   * Offset below which everything was handed out by `read`, or holds no message that counts, such as the mark at the end of a transaction;
   * null when it is not known. Absent where offsets have no holes.
   */
  passed?(): number | null;
  /** Offset below which everything has been fetched, read or not; null when it is not known. Absent where looking for the end costs nothing. */
  fetched?(): number | null;
  /** Everything below `offset` need not be delivered to this group again. */
  acknowledge(offset: number): Promise<void>;
}

/** One member of a group that shares the partitions of a topic. Which member has which partition decides who works, never what is true. */
export interface Subscription {
  /** Each partition as it is given to this member. Ends when `signal` aborts. */
  feeds(signal: AbortSignal): AsyncIterable<PartitionFeed>;
  /** Leaves the group at once, so that others need not wait for a timeout. */
  close(): Promise<void>;
}

/** Sends as the only one of its name. */
export interface TopicWriter {
  /** As `Transport.send`; all of them are seen together. @throws Failure `retry` `transport.fenced` once another of the same name was opened. After any failure this one is of no use. */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
}

/** What a topic is made with, or is now. */
export interface TopicShape {
  readonly partitions: number;
  /** Copies of each message; null: as the cluster has it by default. */
  readonly replication: number | null;
  /** How long messages are kept; null: for ever. */
  readonly retentionMs: number | null;
  /** `time`: the old go; `compact`: the newest of each key stays; `both`: the newest of each key, for some time. */
  readonly cleanup: 'time' | 'compact' | 'both';
  /** Largest message, bytes. */
  readonly messageBytesMax: number;
  /** What the system has besides, in words, such as `region`: `europe-west1`. */
  readonly details?: Readonly<Record<string, string>>;
}

/** Making topics of a cluster, which is an act of its own: nothing is made by the way. */
export interface TopicAdministration {
  /** Where the topics are, for people. */
  readonly place: string;
  /** The names that topics have there, which may have a prefix. */
  nameOf(topic: string): string;
  /** Null when there is no such topic. */
  describe(topic: string): Promise<TopicShape | null>;
  /** The shape as this system can have it. Absent: as it is. */
  fit?(topic: string, shape: TopicShape): TopicShape;
  create(topic: string, shape: TopicShape): Promise<void>;
  /** Brings partitions (only upwards), retention, cleanup and size to the shape; what the topic has besides stays. Copies stay as they are. */
  change(topic: string, from: TopicShape, to: TopicShape): Promise<void>;
}

/**
 * A messaging system. At-least-once, in order per partition; it may lose, repeat and delay: the runtime copes. Batching, retrying and
 * deduplication are the runtime's work, not the adapter's.
 */
export interface Transport {
  readonly capabilities: TransportCapabilities;
  /** Identity of the cluster, so that a re-created one is noticed. */
  clusterId(): Promise<string>;
  /**
   * What tells the topic from another that is made under the same name; null where the system does not say. Absent: as null.
   * @throws as `partitionCount`
   */
  topicId?(topic: string): Promise<string | null>;
  /** Makes the topic if it is not there. @throws Failure `fatal` `transport.partitions` when it has fewer partitions than asked for */
  ensureTopic(topic: string, partitions: number): Promise<void>;
  /** Gives the topic more partitions when it has fewer. Subscriptions that are open may go on without them. @throws as `partitionCount` */
  growTopic(topic: string, partitions: number): Promise<void>;
  /** Deletes the messages of a partition below offset `before`; offsets are never given again. @throws as `partitionCount` */
  trim(topic: string, partition: number, before: number): Promise<void>;
  /** Drops all that was sent and not read, for every group. Present where `offsets` is `assigned`. @throws as `partitionCount` */
  discard?(topic: string): Promise<void>;
  /** Partitions that the topic has; as many as there may be, where lanes are not counted by the system. @throws Failure `fatal` `transport.topic-missing` */
  partitionCount(topic: string): Promise<number>;
  bounds(topic: string, partition: number): Promise<PartitionBounds>;
  /** First offset at or after a time (UTC ms); the end when there is none. */
  offsetAt(topic: string, partition: number, time: number): Promise<number>;
  /**
   * @param lanes - partitions at or above it are given to nobody. Default: all are shared out
   * @param beside - a wish, which a transport may pass over: partition 0 of this topic goes to the process that has partition `beside` of the
   *   others, 1 to that which has `beside` + 1, and so on, because what the one brings the other goes on with. Every member of a group must
   *   say the same. Default 0
   */
  subscribe(topic: string, group: string, lanes?: number, beside?: number): Promise<Subscription>;
  /**
   * Reads beside everybody else, as a group of its own that is gone when it closes. Present where `offsets` is `assigned`: there a group has only
   * what is sent while it is there.
   * @param isFromBeginning - also what the topic still keeps. @throws Failure `fatal` `transport.precondition` when it keeps nothing
   */
  watch?(topic: string, isFromBeginning: boolean): Promise<Subscription>;
  /** What waits for a source of this name, as the system counted last; null when it does not count. For people alone. @throws Failure */
  backlog?(topic: string): Promise<Backlog | null>;
  /** Where to send what a source of this name is to read. Absent: to the topic of that name. @throws Failure `fatal` `transport.topic-missing` */
  inputOf?(topic: string): Promise<string>;
  /** Resolves when every message is durable, in order per partition. @throws Failure `retry`, or `poison` `transport.too-large` */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  /**
   * A writer to a topic that shuts out whoever opened one of the same name before: what that one has under way is undone, and it can send
   * no more. Absent where a transport cannot.
   */
  openWriter?(topic: string, name: string): Promise<TopicWriter>;
  /** Largest body that this topic takes, once `ensureTopic` has looked at it. Absent: `capabilities.messageBytesMax` for all. */
  messageBytesMax?(topic: string): number;
  /** Absent where the transport makes its topics itself when they are needed. */
  readonly administration?: TopicAdministration;
  close(): Promise<void>;
}
