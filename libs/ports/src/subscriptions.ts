import type { Subscription } from './transport.ts';

/** Subscriptions that a transport has open, so that they end with it. */
export interface Subscriptions {
  /** @returns the same, forgotten when it is closed */
  add(subscription: Subscription): Subscription;
  close(): Promise<void>;
}

export const makeSubscriptions = (): Subscriptions => {
  const open = new Set<Subscription>();
  return {
    add: (subscription) => {
      const handle: Subscription = {
        feeds: (signal) => subscription.feeds(signal),
        close: async () => {
          open.delete(handle);
          await subscription.close();
        },
      };
      open.add(handle);
      return handle;
    },
    close: async () => {
      await Promise.all([...open].map((subscription) => subscription.close()));
    },
  };
};
