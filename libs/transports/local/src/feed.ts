import { Failure, type BatchLimits, type Delivery, type PartitionFeed } from '@dsf/ports';
import { takeFrames } from './frames.ts';
import type { LogFile } from './log-file.ts';
import type { Place } from './news.ts';
import type { Statements } from './statements.ts';
import { trimStep } from './trim.ts';

export interface FeedOptions {
  readonly log: LogFile;
  readonly place: Place;
  readonly topic: string;
  readonly group: string;
  readonly revoked: AbortSignal;
  /** How long acknowledged messages are kept, ms; null: for ever. */
  readonly keepMs: number | null;
}

/** Acknowledged messages are deleted at every so many acknowledgements. */
const trimEvery = 4;

type Span = { readonly from: number; readonly end: number };

const takeMessages = (statements: Statements, { topic, part }: Place, span: Span, limits: BatchLimits): readonly Delivery[] => {
  const taken: Delivery[] = [];
  const allowance = { records: limits.recordsMax, bytes: limits.bytesMax };
  let from = span.from;
  while (from < span.end && allowance.records > 0 && (allowance.bytes > 0 || taken.length === 0)) {
    const chunk = statements.chunkAt(topic, part, from);
    if (chunk === undefined) break;
    takeFrames(chunk, from, { allowance, taken });
    from = chunk.last + 1;
  }
  return taken;
};

export const makeFeed = ({ log, place, topic, group, revoked, keepMs }: FeedOptions): PartitionFeed => {
  const { topic: id, part } = place;
  let cursor: { readonly offset: number; readonly sought: boolean } | null = null;
  let acknowledgements = 0;

  const outOfRange = (offset: number, { start, next }: { readonly start: number; readonly next: number }): Failure => {
    const where = `partition ${part} of topic "${topic}"`;
    const text = `offset ${offset} is not in ${where}, which holds the offsets from ${start} to before ${next}`;
    return new Failure('fatal', 'transport.out-of-range', text, { topic, partition: part, offset, start, end: next });
  };
  const take =
    (limits: BatchLimits) =>
    (statements: Statements): readonly Delivery[] => {
      const head = statements.head(id, part);
      const { start, next } = head;
      let offset = cursor?.offset ?? statements.groupOffset(id, part, group) ?? start;
      if (offset < start && cursor?.sought !== true) {
        // Another member of the group was faster, acknowledged, and the messages were deleted: nothing is lost. Without it, something is.
        offset = Math.max(offset, statements.groupOffset(id, part, group) ?? 0);
      }
      if (offset < start || offset > next) throw outOfRange(offset, head);
      const taken = takeMessages(statements, place, { from: offset, end: next }, limits);
      cursor = { offset: (taken.at(-1)?.offset ?? offset - 1) + 1, sought: cursor?.sought ?? false };
      return taken;
    };

  return {
    partition: part,
    revoked,
    seek: (offset) => {
      cursor = { offset, sought: true };
    },
    read: async (limits, signal) => {
      const signals = [signal, revoked];
      const startedAt = log.clock.now();
      for (;;) {
        if (signal.aborted || revoked.aborted) return [];
        const taken = log.read((statements) => {
          // Before the look, so that what comes after it rings.
          log.news.refresh();
          return take(limits)(statements);
        });
        // A clock that is set back must not make the wait longer: whoever reads has more to do than wait.
        const waitMs = limits.waitMs - Math.abs(log.clock.now() - startedAt);
        if (taken.length > 0 || waitMs <= 0) return taken;
        await log.news.wait(place.bell, waitMs, signals);
      }
    },
    acknowledge: async (offset) => {
      acknowledgements += 1;
      const trims = keepMs !== null && acknowledgements % trimEvery === 0;
      await log.write('crash', (statements) => {
        const { next } = statements.head(id, part);
        // Never above the end: messages that are not there yet cannot have been dealt with.
        statements.acknowledge(id, part, { group, next: Math.min(offset, next) });
        if (trims) trimStep(statements, place, { before: statements.slowestGroup(id, part), olderThan: log.clock.now() - keepMs });
      });
    },
  };
};
