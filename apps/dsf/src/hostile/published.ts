import type { Delivery } from '@dsf/ports';
import type { Installation } from '@dsf/wiring';
import { readTopic } from '../read-topic.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : decoder.decode(bytes));

/** Everything that stands in a topic, partition by partition. */
export const readAll = async (installation: Installation, topic: string): Promise<readonly Delivery[]> => {
  const transport = installation.local;
  const partitions = await transport.partitionCount(topic);
  const spans = await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => ({ from: 0, to: (await transport.bounds(topic, partition)).end })),
  );
  const all: Delivery[] = [];
  const stop = new AbortController().signal;
  await readTopic({ transport, topic, partitions }, spans, { each: (_partition, delivery) => void all.push(delivery), stop });
  return all;
};

/** What a consumer holds that keeps the highest revision per group: body by message key. A tombstone takes the group away. */
export const newestByKey = (deliveries: readonly Delivery[]): ReadonlyMap<string, string> => {
  const newest = new Map<string, { readonly revision: number; readonly body: string | null }>();
  for (const { key, headers, body } of deliveries) {
    const group = textOf(key) ?? '';
    const revision = Number(textOf(headers.find(([name]) => name === 'ce_dsfrevision')?.[1] ?? null));
    if (revision >= (newest.get(group)?.revision ?? 0)) newest.set(group, { revision, body: textOf(body) });
  }
  return new Map([...newest].flatMap(([group, { body }]) => (body === null ? [] : [[group, body] as const])));
};
