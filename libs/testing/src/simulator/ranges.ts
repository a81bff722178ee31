import { decodePointsRange, decodeRawRange, decodeSummaryRange, type PointsRange, type RawRange } from '@dsf/messages';
import type { OutgoingMessage } from '@dsf/ports';
import { groupOf } from './definitions.ts';
import { amountsOf, flattenLane, offsetsWithRows, positionOf } from './oracle.ts';
import type { Actor } from './scheduler.ts';
import type { Tiling } from './tiling.ts';
import { violate, type World } from './world.ts';

/** Holds what is sent between phases to what the sender has committed. */
export interface Ranges {
  sent(actor: Actor, topic: string, messages: readonly OutgoingMessage[]): void;
}

const frameText = ({ source, partition, from, to, version }: RawRange | PointsRange): string =>
  `${source}:${partition} [${from}, ${to}) of version ${version}`;

/** A body has all records of its range, as they stand in the rows. */
const checkRaw = (world: World, range: RawRange): void => {
  const { source, partition, from, to, items } = range;
  const committed = positionOf(world, { phase: 'ingest', source, lane: partition }, range)?.next ?? 0;
  if (to > committed) violate(world, 'what is sent is committed', `raw ${frameText(range)}, committed up to ${committed}`);
  if (items === undefined) return;
  const rows = [...world.inputAt].flatMap(([key, { offset }]) =>
    key.startsWith(`${source}:${partition}:`) && offset >= from && offset < to && !world.maybeLost.has(key) ? [{ offset }] : [],
  );
  const kept = items.filter(({ offset }) => !world.maybeLost.has(`${source}:${partition}:${offset}`));
  if (rows.map(({ offset }) => offset).join() !== kept.map(({ offset }) => offset).join())
    violate(
      world,
      'a body is whole',
      `raw ${frameText(range)} has offsets ${items.map(({ offset }) => offset).join()}, the rows ${rows.map(({ offset }) => offset).join()}`,
    );
};

/** A body has all points of its lane that the drivers of its version make of the rows of its range. */
const checkPoints = (world: World, range: PointsRange, lane: number): void => {
  const { source, partition, from, to, items, version } = range;
  const committed = positionOf(world, flattenLane(world, range), range)?.next ?? 0;
  if (to > committed) violate(world, 'what is sent is committed', `points ${frameText(range)}, committed up to ${committed}`);
  if (items === undefined) return;
  // A replay changes rows under a range that was made before, and asks for its groups to be folded again.
  if ([...world.replayed].some((at) => at.startsWith(`${source}:${partition}:`))) return;
  const { drivers = [], settings } = world.activated[version - 1]?.catalog ?? {};
  const wanted = offsetsWithRows(world, range, from, to).flatMap((offset) =>
    drivers.flatMap(({ instance }) =>
      amountsOf(world, instance, { source, partition, offset }, lane, settings?.lanes).map(
        (amounts) => `${offset} ${instance} ${groupOf(amounts)}`,
      ),
    ),
  );
  const has = items
    .filter(({ refusal, amounts }) => refusal === undefined && !amounts.includes('many'))
    .map(({ offset, instance, key, window }) => `${offset} ${instance} ${groupOf({ key, window, row: 0, halves: null })}`);
  if (wanted.sort().join('\n') !== has.sort().join('\n'))
    violate(
      world,
      'a body is whole',
      `points ${frameText(range)} for lane ${lane} has ${JSON.stringify(has)}, the rows ${JSON.stringify(wanted)}`,
    );
};

export const createRanges = (world: World, tiling: Tiling): Ranges => ({
  sent(actor, topic, messages) {
    for (const { partition: lane, body } of messages) {
      if (topic === 'dsf.raw') {
        const range = decodeRawRange(body);
        checkRaw(world, range);
        tiling.sent(actor, { ...range, phase: 'ingest', lane });
      } else if (topic === 'dsf.points') {
        const range = decodePointsRange(body);
        checkPoints(world, range, lane);
        tiling.sent(actor, { ...range, phase: 'flatten', lane });
      } else tiling.sent(actor, { ...decodeSummaryRange(body), phase: 'summarise', lane });
    }
  },
});
