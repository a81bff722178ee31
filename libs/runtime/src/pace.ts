import type { RuntimeSettings } from './settings.ts';

/** How a batch went that was handled without an error. */
export interface HandledBatch {
  readonly ms: number;
  readonly messages: number;
  readonly transactions: number;
}

/** How much a lane takes at once. */
export interface Pace {
  /** Most messages of the next read. */
  messagesMax(): number;
  /** Most records of the next transaction: a message between the services is a range of many, and may take several. */
  recordsMax(): number;
  took(batch: HandledBatch): void;
}

/** What would have taken `msMax`; where that is far away, twice as much as before, up to `max`. */
const fit = (size: number, ms: number, { msMax, max }: { readonly msMax: number; readonly max: number }): number => {
  if (ms > msMax) return Math.max(1, Math.floor((size * msMax) / ms));
  return ms < msMax / 2 ? Math.min(max, size * 2) : size;
};

/**
 * Keeps batches, and the transactions of a batch, to `batchMsMax`: after one that took longer the next are smaller, in proportion. Members of
 * a group beat beside their work, but what computes without a pause, such as a statement of the embedded database, stops that too: a third of
 * the session leaves room for the next one. It also bounds how long a lane that was taken away, or a service that is to stop, goes on.
 */
export const createPace = ({ recordsMax: max, batchMsMax: msMax }: Pick<RuntimeSettings, 'recordsMax' | 'batchMsMax'>): Pace => {
  let messages = max;
  let records = max;
  return {
    messagesMax: () => messages,
    recordsMax: () => records,
    took: (batch) => {
      // A read may have found fewer messages than it might have taken.
      messages = fit(batch.ms > msMax ? Math.min(messages, batch.messages) : messages, batch.ms, { msMax, max });
      if (batch.transactions > 0) records = fit(records, batch.ms / batch.transactions, { msMax, max });
    },
  };
};
