import { randomUUID } from 'node:crypto';
import { Failure, makeBell, type PartitionFeed, type Subscription } from '@dsf/ports';
import { makeFeed } from './feed.ts';
import type { LogFile, Topic } from './log-file.ts';
import type { Statements } from './statements.ts';

export interface SubscriptionOptions {
  readonly log: LogFile;
  readonly topic: Topic;
  readonly group: string;
  /** A member that was not heard of for so long has left. */
  /** Stands first in the member's id: whoever opened several groups has the same turn in each, and so the same partitions of their topics. */
  readonly owner: string;
  readonly memberTimeoutMs: number;
  readonly keepMs: number | null;
  /** As the port's `subscribe` says. */
  readonly beside: number;
}

/** Heartbeats in the time after which a member counts as gone. */
const beatsPerTimeout = 4;
/** Upper bound of one wait for a partition; the wait is then begun again. */
const waitMsMax = 60_000;

/** Joins the group, or says that the member is still there. @returns true when that, or somebody's silence, has changed the group */
const beat = (statements: Statements, options: SubscriptionOptions, member: string): boolean => {
  const { log, topic, group, memberTimeoutMs } = options;
  const now = log.clock.now();
  const gone = statements.expire(topic.id, group, now - memberTimeoutMs);
  const known = statements.beat(topic.id, group, { member, now }) > 0;
  if (!known) statements.join(topic.id, group, { member, now });
  const changed = gone > 0 || !known;
  if (changed) statements.membershipChanged();
  return changed;
};

/** The partitions of one member: those it has, and those of them that nobody has taken out yet. */
const makeShare = (options: SubscriptionOptions, member: string) => {
  const { log, topic, group, keepMs, beside } = options;
  const held = new Map<number, AbortController>();
  const given: PartitionFeed[] = [];
  const bell = makeBell(log.clock);
  return {
    given,
    bell,
    revokeAll: (): void => {
      for (const controller of held.values()) controller.abort();
      held.clear();
      bell.ring();
    },
    /** Partition i belongs to the (i + beside mod n)th of the n members, sorted by id: everyone comes to the same result alone. */
    settle: (): void => {
      const members = log.read((statements) => statements.members(topic.id, group));
      log.growPlaces(topic);
      for (const place of topic.places) {
        const mine = members.length > 0 && members[(place.part + beside) % members.length] === member;
        const controller = held.get(place.part);
        if (mine === (controller !== undefined)) continue;
        if (controller !== undefined) {
          controller.abort();
          held.delete(place.part);
          continue;
        }
        const revoke = new AbortController();
        held.set(place.part, revoke);
        given.push(makeFeed({ log, place, topic: topic.name, group, revoked: revoke.signal, keepMs }));
      }
      bell.ring();
    },
  };
};

export const openSubscription = async (options: SubscriptionOptions): Promise<Subscription> => {
  const { log, topic, group, owner, memberTimeoutMs } = options;
  const member = `${owner}/${randomUUID()}`;
  const share = makeShare(options, member);
  const closing = new AbortController();
  const closed = closing.signal;
  let broken: Failure | null = null;

  const guard = async (work: () => void | Promise<void>): Promise<void> => {
    try {
      if (!closed.aborted) await work();
    } catch (error) {
      // A beat that did not get through is made up for by the next; if none does, the others take over, which is right.
      if (closed.aborted || (error instanceof Failure && error.kind === 'retry')) return;
      broken = error instanceof Failure ? error : new Failure('fatal', 'internal', String(error), {}, { cause: error });
      share.revokeAll();
    }
  };
  const keepBeating = async (): Promise<void> => {
    while (!closed.aborted && broken === null) {
      await log.clock.sleep(memberTimeoutMs / beatsPerTimeout, closed);
      await guard(async () => {
        const changed = await log.write('crash', (statements) => beat(statements, options, member));
        // Other processes see the counter in the file; members in this one share the connection and must be told.
        if (changed) log.news.membership.ring();
        share.settle();
      });
    }
  };
  const followMembership = async (): Promise<void> => {
    while (!closed.aborted && broken === null) {
      await log.news.wait(log.news.membership, waitMsMax, [closed]);
      await guard(share.settle);
    }
  };

  await log.write('crash', (statements) => beat(statements, options, member));
  share.settle();
  const loops = [keepBeating(), followMembership()];
  log.news.membership.ring();

  return {
    feeds: async function* (signal) {
      while (!signal.aborted && !closed.aborted) {
        if (broken !== null) throw broken;
        const feed = share.given.shift();
        if (feed === undefined) await log.news.wait(share.bell, waitMsMax, [signal, closed]);
        else if (!feed.revoked.aborted) yield feed;
      }
    },
    close: async () => {
      if (closed.aborted) return;
      closing.abort();
      share.revokeAll();
      await Promise.all(loops);
      await log.write('crash', (statements) => {
        if (statements.leave(topic.id, group, member) > 0) statements.membershipChanged();
      });
      log.news.membership.ring();
    },
  };
};
