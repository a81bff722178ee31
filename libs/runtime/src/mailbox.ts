import type { Header } from '@dsf/messages';
import type { Hop, OutgoingRange } from './hops.ts';

/** Ranges that one lane may have waiting; each is at most one batch of the phase before. */
const rangesMax = 8;

/**
 * What a lane that is read here has been handed.
 * - `draining`: the topic is read up to where it ended when nothing was on its way to the lane; nobody hands over yet
 * - `open`: ranges are handed over
 * - `spilling`: the reader was behind for too long; what comes now goes by the topic, until it has taken what it was handed before
 */
export interface Mailbox {
  state: 'draining' | 'open' | 'spilling';
  /** Over which the ranges came; each topic has one. */
  hop: Hop<unknown> | null;
  ranges: (OutgoingRange<unknown> & { readonly headers: readonly Header[] })[];
  /** Called, once, when something changes. */
  readonly listeners: Set<() => void>;
}

export const ring = ({ listeners }: Mailbox): void => {
  const called = [...listeners];
  listeners.clear();
  for (const listener of called) listener();
};

export const hasRoom = ({ state, ranges }: Mailbox): boolean => state === 'open' && ranges.length < rangesMax;

/** Resolves when something changes, with `changed`, or when the signal aborts. */
export const change = (mailbox: Mailbox, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const wake = (): void => {
      mailbox.listeners.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    mailbox.listeners.add(wake);
    signal.addEventListener('abort', wake, { once: true });
  });
