import { hash32, type Header } from '@dsf/messages';
import type { OutgoingMessage, Transport } from '@dsf/ports';

/** A topic to write to. */
export interface Target {
  readonly transport: Transport;
  readonly topic: string;
  readonly partitions: number;
}

/** A message whose partition is not chosen yet. */
export interface NewMessage {
  readonly key: Uint8Array | null;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

/** What one call of `send` carries at most. */
const batchRecordsMax = 1000;
const batchBytesMax = 4 * 1024 * 1024;

/** Messages with one key stay in one partition, so in order; those without are dealt out in turn. */
export const partitionFor = (key: Uint8Array | null, turn: number, partitions: number): number =>
  (key === null ? turn : hash32(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1'))) % partitions;

/** Sends messages in their order, in batches. */
export interface MessageSender {
  /** Messages and bytes that are durable. */
  readonly sent: () => { readonly messages: number; readonly bytes: number };
  /** Resolves when all of them are durable. @throws Failure as `Transport.send`; what came before the failing batch is durable */
  readonly send: (messages: readonly NewMessage[]) => Promise<void>;
}

export const createMessageSender = ({ transport, topic, partitions }: Target): MessageSender => {
  let turn = 0;
  let messages = 0;
  let bytes = 0;
  let batch: OutgoingMessage[] = [];
  let batchBytes = 0;

  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const [going, goingBytes] = [batch, batchBytes];
    [batch, batchBytes] = [[], 0];
    await transport.send(topic, going);
    messages += going.length;
    bytes += goingBytes;
  };

  return {
    sent: () => ({ messages, bytes }),
    async send(news) {
      for (const { key, headers, body } of news) {
        if (batch.length >= batchRecordsMax || batchBytes + body.byteLength > batchBytesMax) await flush();
        batch.push({ partition: partitionFor(key, turn, partitions), key, headers, body });
        batchBytes += body.byteLength;
        turn += 1;
      }
      await flush();
    },
  };
};
