import type { Header } from '@dsf/messages';
import type { Delivery, PartitionFeed, Subscription, Transport } from '@dsf/ports';
import type { Installation } from '@dsf/wiring';
import { utf8 } from './inputs.ts';

/** What comes with a message: key, headers, and the time that the broker gives it. */
export interface HostileEnvelope {
  readonly name: string;
  readonly key: Uint8Array | null;
  readonly headers: readonly Header[];
  /** UTC ms. */
  readonly time: number;
}

const plain: HostileEnvelope = { name: '', key: null, headers: [], time: Date.UTC(2026, 0, 1) };
const notUtf8 = Uint8Array.of(0xff, 0x00, 0xfe);
const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x6b);

const keys: readonly HostileEnvelope[] = [
  { ...plain, name: 'no key' },
  { ...plain, name: 'an empty key', key: utf8('') },
  { ...plain, name: 'a key that is not UTF-8', key: notUtf8 },
  { ...plain, name: 'a key with NUL', key: utf8('a\0b') },
  { ...plain, name: 'a key', key: utf8('k') },
  { ...plain, name: 'the same key after a byte order mark', key: marked },
  { ...plain, name: 'a key of 1 MB', key: utf8('k'.repeat(1024 * 1024)) },
  { ...plain, name: 'SQL as key', key: utf8("'; DROP TABLE dsf_raw; --") },
];

const trace = (value: Uint8Array): readonly Header[] => [['trace', value]];
const headers: readonly HostileEnvelope[] = [
  { ...plain, name: 'an empty header', headers: trace(new Uint8Array()) },
  { ...plain, name: 'a header that is not UTF-8', headers: trace(notUtf8) },
  { ...plain, name: 'a header with NUL', headers: trace(utf8('a\0b')) },
  { ...plain, name: 'a header after a byte order mark', headers: trace(marked) },
  { ...plain, name: 'a header of 1 MB', headers: trace(utf8('h'.repeat(1024 * 1024))) },
  { ...plain, name: 'a header twice', headers: [...trace(utf8('first')), ...trace(utf8('last'))] },
  { ...plain, name: 'a header in another case', headers: [['Trace', utf8('other')]] },
  { ...plain, name: '1,000 headers', headers: Array.from({ length: 1000 }, (_, index) => [`h${index}`, utf8(String(index))]) },
  ...['', ' ', '__proto__', 'constructor', 'a\0b', '\ufefftrace', '];DROP TABLE', 'n'.repeat(100_000), '\u{1f600}', 'ce_id'].map(
    (header): HostileEnvelope => ({
      ...plain,
      name: `a header called ${JSON.stringify(header.slice(0, 20))}`,
      headers: [[header, utf8('x')]],
    }),
  ),
];

const hour = 3_600_000;
const times: readonly HostileEnvelope[] = [
  { ...plain, name: 'time 0', time: 0 },
  { ...plain, name: 'time -1', time: -1 },
  { ...plain, name: 'the year 1', time: Date.UTC(0, 0, 1) - 1899 * 365.2425 * 24 * hour },
  { ...plain, name: 'before the year 0', time: -70_000_000_000_000 },
  { ...plain, name: 'the end of the year 9999', time: Date.UTC(9999, 11, 31, 23) },
  { ...plain, name: 'the year 10000', time: 253_402_300_800_000 },
  { ...plain, name: 'the last time that JavaScript knows', time: 8.64e15 },
  { ...plain, name: 'one later', time: 8.64e15 + 1 },
  { ...plain, name: 'microseconds for milliseconds', time: Date.UTC(2026, 0, 1) * 1000 },
  { ...plain, name: 'nanoseconds for milliseconds', time: Date.UTC(2026, 0, 1) * 1e6 },
  { ...plain, name: 'the least of 64 bits', time: -(2 ** 63) },
  { ...plain, name: 'the most of 64 bits', time: 2 ** 63 },
];

export const hostileEnvelopes: readonly HostileEnvelope[] = [...keys, ...headers, ...times].map((envelope) => ({
  ...envelope,
  time: Math.floor(envelope.time),
}));

const retimed = (feed: PartitionFeed, timeOf: (offset: number) => number): PartitionFeed => ({
  ...feed,
  read: async (limits, signal) =>
    (await feed.read(limits, signal)).map((delivery): Delivery => ({ ...delivery, time: timeOf(delivery.offset), timeType: 'create' })),
});

const withTimes = (subscription: Subscription, timeOf: (offset: number) => number): Subscription => ({
  ...subscription,
  async *feeds(signal) {
    for await (const feed of subscription.feeds(signal)) yield retimed(feed, timeOf);
  },
});

/** A broker that takes the producer's word for the time of what is in `topic`. */
export const trustingBroker =
  (topic: string, timeOf: (offset: number) => number) =>
  (installation: Installation): Installation => {
    const local = installation.local;
    const trusting: Transport = {
      ...local,
      subscribe: async (name, group) => {
        const subscription = await local.subscribe(name, group);
        return name === topic ? withTimes(subscription, timeOf) : subscription;
      },
    };
    return { ...installation, local: trusting, transport: () => Promise.resolve(trusting) };
  };
