import type { RuntimeSettings } from './settings.ts';

/** How an attempt at a batch went. */
export interface Attempted {
  readonly ms: number;
  readonly messages: number;
  /** Records that the lane has gone on by, in how many transactions; null where it failed, and the time was spent all the same. */
  readonly done: { readonly records: number; readonly transactions: number } | null;
}

/** How much a lane takes at once. Kept while the lane goes from one worker to another and back. */
export interface Pace {
  /** Most messages of the next read. */
  messagesMax(): number;
  /** Most records of the next transaction: a message between the services is a range of many, and may take several. */
  recordsMax(): number;
  took(attempt: Attempted): void;
}

interface Taken {
  readonly ms: number;
  /** How many it was, or may have been. */
  readonly had: number;
}

/**
 * Keeps batches, and the transactions of a batch, to `batchMsMax`: what took longer is next time smaller, in proportion. Members of a group
 * beat beside their work, but what computes without a pause, such as a statement of the embedded database, stops that too: a third of the
 * session leaves room for the next one. Without it two workers that are each taken for dead by the time they commit hand a lane to and fro and
 * neither gets anywhere. It also bounds how long a lane that was taken away, or a service that is to stop, goes on.
 */
export const createPace = ({ recordsMax: max, batchMsMax: msMax }: Pick<RuntimeSettings, 'recordsMax' | 'batchMsMax'>): Pace => {
  /** More again only as far as what was quick says: few that were quick say nothing of many. */
  const fit = (size: number, { ms, had }: Taken): number => {
    // What went on by nothing says nothing of how much fits.
    if (had <= 0) return size;
    const fits = Math.min(max, Math.max(1, Math.floor((had * msMax) / Math.max(ms, 1))));
    return ms > msMax ? Math.min(size, fits) : Math.max(size, fits);
  };
  let messages = max;
  let records = max;
  return {
    messagesMax: () => messages,
    recordsMax: () => records,
    took: ({ ms, messages: had, done }) => {
      if (done !== null || ms > msMax) messages = fit(messages, { ms, had });
      if (done === null) records = ms > msMax ? fit(records, { ms, had: records }) : records;
      else if (done.transactions > 0) records = fit(records, { ms: ms / done.transactions, had: done.records / done.transactions });
    },
  };
};
