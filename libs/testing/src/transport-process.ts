/*
 * A client of a messaging system in a process of its own; the contract suite starts it and kills it.
 * Arguments: JSON of `ProcessTask`. Says what happens as JSON, one event per line, until it is killed or its input ends.
 */
import { writeSync } from 'node:fs';
import type { Clock, PartitionFeed, Transport } from '@dsf/ports';
import { realClock } from './real-clock.ts';
import type { RemoteOpen } from './transport-harness.ts';

export type ProcessTask =
  /** Reads and acknowledges everything of its partitions. */
  | { readonly kind: 'consume'; readonly remote: RemoteOpen; readonly topic: string; readonly group: string; readonly lanes?: number }
  /** Sends numbered messages `<name>:<n>` to each partition in turn, many at a time, until it is killed. */
  | { readonly kind: 'produce'; readonly remote: RemoteOpen; readonly topic: string; readonly name: string; readonly partitions: number };

export type ProcessEvent =
  | { readonly event: 'ready' }
  | { readonly event: 'given' | 'taken'; readonly partition: number }
  | { readonly event: 'read'; readonly partition: number; readonly bodies: readonly string[] }
  /** Every message of the partition up to number `upTo` is confirmed. */
  | { readonly event: 'sent'; readonly partition: number; readonly upTo: number };

type Open = (config: Readonly<Record<string, unknown>> & { readonly clock: Clock }) => Transport | Promise<Transport>;

// At once, so that a kill loses nothing that was said before it.
const say = (event: ProcessEvent): void => void writeSync(1, `${JSON.stringify(event)}\n`);

const open = async ({ module, factory, config }: RemoteOpen): Promise<Transport> => {
  const found = (await import(module)) as Readonly<Record<string, Open>>;
  const make = found[factory];
  if (make === undefined) throw new Error(`${module} has no ${factory}`);
  return make({ ...config, clock: realClock });
};

const follow = async (feed: PartitionFeed, signal: AbortSignal): Promise<void> => {
  const { partition } = feed;
  say({ event: 'given', partition });
  while (!feed.revoked.aborted && !signal.aborted) {
    const deliveries = await feed.read({ recordsMax: 100, bytesMax: 1_000_000, waitMs: 1000 }, signal);
    const last = deliveries.at(-1);
    if (last === undefined) continue;
    say({ event: 'read', partition, bodies: deliveries.map(({ body }) => new TextDecoder().decode(body ?? new Uint8Array())) });
    await feed.acknowledge(last.offset + 1);
  }
  say({ event: 'taken', partition });
};

const consume = async (transport: Transport, task: Extract<ProcessTask, { kind: 'consume' }>, signal: AbortSignal): Promise<void> => {
  const subscription = await transport.subscribe(task.topic, task.group, task.lanes);
  say({ event: 'ready' });
  const running: Promise<void>[] = [];
  for await (const feed of subscription.feeds(signal)) running.push(follow(feed, signal));
  await Promise.all(running);
  await subscription.close();
};

const produce = async (transport: Transport, task: Extract<ProcessTask, { kind: 'produce' }>, signal: AbortSignal): Promise<void> => {
  const { topic, name, partitions } = task;
  say({ event: 'ready' });
  for (let from = 0; !signal.aborted; from += 50) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const bodies = Array.from({ length: 50 }, (_, index) => `${name}:${from + index}`);
      await transport.send(
        topic,
        bodies.map((body) => ({ partition, key: null, headers: [], body: new TextEncoder().encode(body) })),
      );
      say({ event: 'sent', partition, upTo: from + 49 });
    }
  }
};

const run = async (): Promise<void> => {
  const task = JSON.parse(process.argv[2] ?? '') as ProcessTask;
  const stop = new AbortController();
  process.stdin.resume();
  process.stdin.on('end', () => stop.abort());
  const transport = await open(task.remote);
  await (task.kind === 'consume' ? consume(transport, task, stop.signal) : produce(transport, task, stop.signal));
  await transport.close();
};

await run();
