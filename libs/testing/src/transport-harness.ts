import type { Delivery, PartitionFeed, Subscription, Transport } from '@dsf/ports';

/** How another process opens the same messaging system: calls `factory` of `module` with `config` and a clock. */
export interface RemoteOpen {
  /** URL of a module, or the name of a package. */
  readonly module: string;
  readonly factory: string;
  /** JSON. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** One messaging system, empty at first, for one test. */
export interface TransportHarness {
  /** Another client of the system. */
  open(): Promise<Transport>;
  readonly remote: RemoteOpen;
  /** How long the system waits for a silent member, ms. Keep it short. */
  readonly memberTimeoutMs: number;
  /** Deletes messages as retention does. */
  trim(topic: string, partition: number, before: number): Promise<void>;
  /** Ends the system; its clients are closed by then. */
  close(): Promise<void>;
}

/** A system that keeps no messages to be read again, so nothing can be deleted from it either. */
export type LaneHarness = Omit<TransportHarness, 'trim'>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const textOf = (bytes: Uint8Array | null): string | null => bytes && decoder.decode(bytes);
export const textsOf = (deliveries: readonly Delivery[]): readonly (string | null)[] => deliveries.map(({ body }) => textOf(body));

/** Messages with nothing but a body. */
export const messagesOf = (partition: number, bodies: readonly string[]) =>
  bodies.map((body) => ({ partition, key: null, headers: [], body: bytesOf(body) }));

export const never: AbortSignal = new AbortController().signal;
export const limits = { recordsMax: 1000, bytesMax: 4 * 1024 * 1024, waitMs: 0 } as const;

/** A member of a group that takes whatever it is given; `owned` are the partitions that it has now. */
export interface Member {
  readonly subscription: Subscription;
  readonly feeds: Map<number, PartitionFeed>;
  owned(): readonly number[];
  close(): Promise<void>;
}

export const join = async (transport: Transport, topic: string, group: string, lanes?: number): Promise<Member> => {
  const subscription = await transport.subscribe(topic, group, lanes);
  const feeds = new Map<number, PartitionFeed>();
  const stop = new AbortController();
  const following = (async () => {
    for await (const feed of subscription.feeds(stop.signal)) feeds.set(feed.partition, feed);
  })();
  return {
    subscription,
    feeds,
    owned: () =>
      [...feeds.values()]
        .filter(({ revoked }) => !revoked.aborted)
        .map(({ partition }) => partition)
        .toSorted((a, b) => a - b),
    close: async () => {
      stop.abort();
      await subscription.close();
      await following;
    },
  };
};

/** Waits, for at most `ms`, until `done` says so. @throws Error that says what was waited for */
export const until = async (what: string, done: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> => {
  const giveUpAt = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > giveUpAt) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** The feed of one partition, once the member has it. */
export const feedOf = async (member: Member, partition: number): Promise<PartitionFeed> => {
  await until(`partition ${partition} is given`, () => member.owned().includes(partition));
  const feed = member.feeds.get(partition);
  if (feed === undefined) throw new Error('unreachable: the partition is owned');
  return feed;
};

/** Everything from the feed's cursor to the end of the partition. */
export const drain = async (feed: PartitionFeed): Promise<readonly Delivery[]> => {
  const all: Delivery[] = [];
  for (;;) {
    const some = await feed.read(limits, never);
    if (some.length === 0) return all;
    all.push(...some);
  }
};
