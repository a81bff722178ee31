import { UnreadableRangeError, type Range, type SourcePartition } from '@dsf/messages';
import { Failure, type Delivery, type LaneKey, type Position } from '@dsf/ports';
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
  decode: (body: Uint8Array | null) => Range<Item>,
): readonly Range<Item>[] =>
  deliveries.flatMap((delivery) => {
    try {
      return [decode(delivery.body)];
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

/** Where the phase before stands with a source partition. @throws Failure `retry` when it has no position: its commit is not visible yet */
export const senderPosition = async ({ warehouse }: LaneContext, sender: LaneKey, at: SourcePartition): Promise<Position> => {
  const { positions } = await warehouse.loadLane(sender);
  const found = positions.find(({ source, partition }) => source === at.source && partition === at.partition);
  if (found !== undefined) return found;
  throw new Failure(
    'retry',
    'delivery.sender-unknown',
    `${sender.phase} lane ${sender.lane} has no position for source ${at.source}, partition ${at.partition}`,
  );
};

/**
 * The lane's position of a source partition; where it has none yet it begins where the sender began, so that a first range that is lost
 * leaves a gap too.
 */
export const positionsFor = async (
  context: LaneContext,
  lane: Lane,
  ranges: readonly SourcePartition[],
  senderOf: (at: SourcePartition) => LaneKey,
): Promise<(at: SourcePartition) => Position> => {
  const fresh = new Map<string, Position>();
  for (const { source, partition } of ranges) {
    const key = `${source}:${partition}`;
    if (lane.position({ source, partition }) !== undefined || fresh.has(key)) continue;
    const { start } = await senderPosition(context, senderOf({ source, partition }), { source, partition });
    fresh.set(key, { source, partition, next: start, start, time: null, idle: false, version: 0, counters: noCounts });
  }
  return (at) => {
    const position = lane.position(at) ?? fresh.get(`${at.source}:${at.partition}`);
    if (position === undefined) throw new Error(`no position for source ${at.source}, partition ${at.partition}`);
    return position;
  };
};

/**
 * Before rows are read in place of a range that did not come: the phase before must have committed them. If it stands below, the
 * database is older than the broker, and everything that follows would be wrong.
 */
export const checkSender = async (
  context: LaneContext,
  sender: LaneKey,
  range: SourcePartition & { readonly to: number },
): Promise<void> => {
  const { next } = await senderPosition(context, sender, range);
  if (next >= range.to) return;
  throw new Failure(
    'fatal',
    'delivery.database-older',
    `the broker has a range up to offset ${range.to} of source ${range.source}, partition ${range.partition}, but ${sender.phase} has committed only up to ${next}: the database is older than the broker. Was it restored?`,
    { source: range.source, partition: range.partition, to: range.to, committed: next },
  );
};
