import type { Subscription } from '@dsf/ports';
import { makeFetcher } from './fetcher.ts';
import { forAWhile } from './for-a-while.ts';
import { makeMember } from './member.ts';
import { makeShare } from './share.ts';
import type { SubscriptionOptions } from './subscription-options.ts';

const waitMsMax = 60_000;

/** One member of a group: its partitions as feeds, and the fetches for them. */
export const openSubscription = (options: SubscriptionOptions): Subscription => {
  const closing = new AbortController();
  const closed = closing.signal;
  const fetcher = makeFetcher(options);
  const share = makeShare(options, fetcher, (partition, offset) => member.commit(partition, offset));
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
      if (closed.aborted) return;
      closing.abort();
      share.revokeAll();
      await forAWhile(options.client.clock, member.leave());
      // What it still asks of the cluster may never be answered; it ends with the connections.
      const fetched = fetcher.close();
      await forAWhile(options.client.clock, fetched);
      await options.client.close();
      await forAWhile(options.client.clock, fetched);
      await forAWhile(options.client.clock, running);
    },
  };
};
