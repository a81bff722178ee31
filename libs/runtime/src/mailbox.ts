import type { Header } from '@dsf/messages';
import type { Hop, OutgoingRange } from './hops.ts';

/** Ranges that one lane may have waiting; each is at most one batch of the phase before. */
const rangesMax = 8;

/** Sends ranges by the topic, or gives up: what is not sent is a gap like any other. It never fails. */
export type SendUnread = (hop: Hop<unknown>, ranges: readonly OutgoingRange<unknown>[]) => Promise<void>;

/**
 * What a lane that is read here has been handed.
 * - `draining`: the topic is read up to where it ended when nothing was on its way to the lane; nobody hands over yet
 * - `open`: ranges are handed over
 * - `spilling`: the reader was behind for too long; what it was handed and had not read has gone by the topic, and what comes now follows there,
 *   until it reads again
 */
export interface Mailbox {
  state: 'draining' | 'open' | 'spilling';
  /** Over which the ranges came; each topic has one. */
  hop: Hop<unknown> | null;
  ranges: (OutgoingRange<unknown> & { readonly headers: readonly Header[] })[];
  readonly sendUnread: SendUnread;
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
