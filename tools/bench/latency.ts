/**
 * How long a record takes from the source to the output: from the moment before the producer sends it to the moment at which a consumer
 * of the output topic has a document that counts it. A document says how many orders its group has, so the k-th order of a group has
 * arrived with the first document that says k or more.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { phaseNames } from '@dsf/ports';
import { readStatus, type Installation } from '@dsf/wiring';
import { startChild } from './child.ts';
import { watchMemory, type MemoryCourse } from './memory.ts';
import { fillHome, send, withHome } from './home.ts';
import { driverName, type StreamMessage } from './reference-stream.ts';

export interface Latency {
  readonly name: string;
  readonly records: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly peakMb: number;
  /** Of each process, where it was long enough to say. */
  readonly memory: readonly MemoryCourse[];
  /** Cores used while it ran. */
  readonly cores: number;
}

/** Orders that have been sent and not been seen, by group, oldest first. */
interface Waiting {
  seen: number;
  readonly sentAt: number[];
}

/** The producer sends what is due so often. */
const tickMs = 10;
const arriveMsMax = 30_000;

interface Document {
  readonly key: { readonly customer: string };
  readonly window: { readonly start: string };
  readonly measures: { readonly orders: string };
}

const createBook = () => {
  const groups = new Map<string, Waiting>();
  const latencies: number[] = [];
  return {
    latencies,
    sent: ({ group }: StreamMessage, at: number): void => {
      const waiting = groups.get(group) ?? { seen: 0, sentAt: [] };
      waiting.sentAt.push(at);
      groups.set(group, waiting);
    },
    arrived: ({ key, window, measures }: Document, at: number): void => {
      const waiting = groups.get(`${key.customer}@${Date.parse(window.start)}`);
      if (waiting === undefined) return;
      for (; waiting.seen < Math.min(Number(measures.orders), waiting.sentAt.length); waiting.seen += 1)
        latencies.push(at - (waiting.sentAt[waiting.seen] ?? at));
    },
  };
};

/** Reads the output topic until `stop` aborts. */
const consume = async (
  installation: Installation,
  onDocument: (document: Document, at: number) => void,
  stop: AbortSignal,
): Promise<void> => {
  const subscription = await installation.local.subscribe(driverName, 'bench.consumer');
  const lanes: Promise<void>[] = [];
  for await (const feed of subscription.feeds(stop)) {
    const follow = async (): Promise<void> => {
      while (!stop.aborted && !feed.revoked.aborted) {
        const deliveries = await feed.read({ recordsMax: 1000, bytesMax: 1_000_000, waitMs: 200 }, stop);
        const now = performance.now();
        for (const { body } of deliveries) if (body !== null) onDocument(JSON.parse(new TextDecoder().decode(body)) as Document, now);
      }
    };
    lanes.push(follow());
  }
  await Promise.all(lanes);
  await subscription.close();
};

const produce = async (
  installation: Installation,
  messages: readonly StreamMessage[],
  perSecond: number,
  sent: (message: StreamMessage, at: number) => void,
): Promise<void> => {
  const startedAt = performance.now();
  for (let from = 0; from < messages.length;) {
    const due = Math.min(messages.length, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
    const some = messages.slice(from, due);
    const now = performance.now();
    for (const message of some) sent(message, now);
    if (some.length > 0) await send(installation, some);
    from = due;
    await sleep(tickMs);
  }
};

/** Sends the first messages as fast as they go, so that tables, statements and code are warm. */
const warmUp = async (installation: Installation, messages: readonly StreamMessage[]): Promise<void> => {
  await send(installation, messages);
  for (;;) {
    await sleep(100);
    const status = await readStatus(installation).catch(() => null);
    if (status?.idle === true) return;
  }
};

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

export const measureLatency = async (
  folder: string,
  { warm, timed }: { readonly warm: readonly StreamMessage[]; readonly timed: readonly StreamMessage[] },
  { processes, perSecond }: { readonly processes: 1 | 4; readonly perSecond: number },
): Promise<Latency> => {
  const name = processes === 1 ? 'one process' : 'four processes';
  const home = join(folder, `latency ${processes}`);
  await fillHome(home, []);
  const split = processes === 1 ? [phaseNames] : phaseNames.map((phase) => [phase]);
  const children = split.map((phases) => startChild({ kind: 'phases', phases, home, workers: 1 }, null));
  const book = createBook();
  let endWatch: () => readonly MemoryCourse[] = () => [];
  await Promise.all(children.map(({ ready }) => ready));
  await withHome(home, async (installation) => {
    for (const message of warm) book.sent(message, performance.now());
    await warmUp(installation, warm);
    const stop = new AbortController();
    const consumer = consume(installation, book.arrived, stop.signal);
    await sleep(500);
    book.latencies.length = 0;
    endWatch = watchMemory(children);
    await produce(installation, timed, perSecond, book.sent);
    const giveUpAt = Date.now() + arriveMsMax;
    while (book.latencies.length < timed.length && Date.now() < giveUpAt) await sleep(50);
    stop.abort();
    await consumer;
  });
  const memory = endWatch();
  for (const child of children) child.stop();
  const usages = (await Promise.all(children.map(({ done }) => done))).map(({ usage }) => usage);
  if (book.latencies.length < timed.length) throw new Error(`${timed.length - book.latencies.length} records never arrived`);
  const sorted = book.latencies.toSorted((a, b) => a - b);
  const spanMs = Math.max(...usages.map(({ endedAt }) => endedAt)) - Math.min(...usages.map(({ startedAt }) => startedAt));
  return {
    name,
    records: timed.length,
    perSecond,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? 0,
    peakMb: Math.max(...usages.map(({ peakMb }) => peakMb)),
    memory,
    cores: usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / spanMs,
  };
};
