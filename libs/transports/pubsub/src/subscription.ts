import type { Subscription } from '@dsf/ports';
import { makeMember } from './member.ts';
import { makeShare } from './share.ts';
import type { SubscriptionOptions } from './subscription-options.ts';

const waitMsMax = 60_000;

/** One member of a group: what Pub/Sub sends it, as a feed per lane. */
export const openSubscription = (options: SubscriptionOptions): Subscription => {
  const closing = new AbortController();
  const closed = closing.signal;
  const share = makeShare(options);
  const member = makeMember(options, share, closed);
  const running = member.run();

  return {
    feeds: async function* (signal) {
      while (!signal.aborted && !closed.aborted) {
        const broken = member.broken();
        if (broken !== null) throw broken;
        const feed = share.given.shift();
        if (feed === undefined) await share.bell.wait(waitMsMax, [signal, closed]);
        else if (!feed.revoked.aborted) yield feed;
      }
    },
    close: async () => {
      closing.abort();
      await running;
    },
  };
};
