import { sourcePartitionKey, UnreadableRangeError, type Range, type SourcePartition } from '@dsf/messages';
import { Failure, type Delivery, type LaneKey, type Position } from '@dsf/ports';
import type { Hop } from './hops.ts';
import { noCounts, type Lane } from './lane.ts';
import type { LaneContext } from './work.ts';

/**
 * Reads the ranges of a batch. A message that cannot be read is passed over: the range after it does not join on, so its records are
 * refilled (scenario 17).
 */
export const decodeRanges = <Item>(
  context: LaneContext,
  lane: Lane,
  deliveries: readonly Delivery[],
  { decode }: Hop<Item>,
): readonly Range<Item>[] =>
  deliveries.flatMap((delivery) => {
    try {
      // What was handed over comes from the one lane that sends over this hop.
      return [delivery.content === undefined ? decode(delivery.body) : (delivery.content as Range<Item>)];
    } catch (error) {
      if (!(error instanceof UnreadableRangeError)) throw error;
      const { offset } = delivery;
      const { key, name } = lane;
      context.telemetry.emit({
        name: 'refused',
        phase: context.phase,
        lane: name,
        count: 1,
        code: 'delivery.unreadable-range',
        source: 0,
        partition: key.lane,
        offset,
      });
      return [];
    }
  });

export const newestVersion = (ranges: readonly { readonly version: number }[]): number =>
  ranges.reduce((newest, { version }) => Math.max(newest, version), 0);

/**
 * Ranges are sent after their commit, so a sender that does not stand where its range says means that the database is older than the broker,
 * and everything that follows would be wrong (delivery rule 3).
 */
export const databaseOlder = (
  { source, partition, to }: SourcePartition & { readonly to: number },
  sender: LaneKey,
  committed: number,
): Failure =>
  new Failure(
    'fatal',
    'delivery.database-older',
    `the broker has a range up to offset ${to} of source ${source}, partition ${partition}, but ${sender.phase} has committed only up to ${committed}: the database is older than the broker. If it was restored: stop all services, run \`dsf recover\`, start them.`,
    { source, partition, to, committed },
  );

/** Where the phase before stands with a source partition. @throws Failure `fatal` `delivery.database-older` when it has no position */
const senderPosition = async (
  { warehouse }: LaneContext,
  sender: LaneKey,
  range: SourcePartition & { readonly to: number },
): Promise<Position> => {
  const { positions } = await warehouse.loadLane(sender);
  const found = positions.find(({ source, partition }) => source === range.source && partition === range.partition);
  if (found === undefined) throw databaseOlder(range, sender, 0);
  return found;
};

/**
 * The lane's position of a source partition; where it has none yet it begins where the sender began, so that a first range that is lost
 * leaves a gap too.
 */
export const positionsFor = async (
  context: LaneContext,
  lane: Lane,
  ranges: readonly (SourcePartition & { readonly to: number })[],
  senderOf: (at: SourcePartition) => LaneKey,
): Promise<(at: SourcePartition) => Position> => {
  const fresh = new Map<string, Position>();
  for (const range of ranges) {
    const { source, partition } = range;
    const key = sourcePartitionKey(range);
    if (lane.position(range) !== undefined || fresh.has(key)) continue;
    const { start } = await senderPosition(context, senderOf(range), range);
    fresh.set(key, { source, partition, next: start, start, time: null, idle: false, version: 0, counters: noCounts });
  }
  return (at) => {
    const position = lane.position(at) ?? fresh.get(sourcePartitionKey(at));
    if (position === undefined) throw new Error(`no position for source ${at.source}, partition ${at.partition}`);
    return position;
  };
};

/** Before rows are read in place of a range that did not come: the phase before must have committed them. @throws as `databaseOlder` says */
export const checkSender = async (
  context: LaneContext,
  sender: LaneKey,
  range: SourcePartition & { readonly to: number },
): Promise<void> => {
  const { next } = await senderPosition(context, sender, range);
  if (next < range.to) throw databaseOlder(range, sender, next);
};
