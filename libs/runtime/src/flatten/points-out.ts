import { groupLane, isSameKey, sourcePartitionKey, type Point, type PointsRange } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { OutgoingRange } from '../hops.ts';

type Frame = Omit<PointsRange, 'items'>;

/** The points lane of a point: by the driver's name, not its instance, so that a changed driver's groups stay where they are. */
export const pointLane = (catalog: Catalog): ((point: Point) => number) => {
  const names = new Map(catalog.drivers.map(({ instance, name }) => [instance, name]));
  let last: { readonly point: Point; readonly lane: number } | null = null;
  return (point) => {
    // The points of a record mostly belong to one group, so the lane is worked out once for all of them.
    if (last !== null && last.point.instance === point.instance && isSameKey(last.point.key, point.key)) return last.lane;
    const { instance, key } = point;
    last = { point, lane: groupLane(names.get(instance) ?? instance, key, catalog.settings.lanes) };
    return last.lane;
  };
};

/**
 * The ranges that go to the points lanes. Every lane hears of every range (delivery rule 2), but a lane without points may hear of it later:
 * what it has not heard yet is held back, and goes in front of its next range, or out by itself in a pause. Lost memory is only a gap.
 *
 * What is held back grows only by a range that stands end to end with it and was made by the same version: in between, another owner may
 * have made ranges of its own, and drivers that a version does not know have points that were never computed.
 */
export interface PointsOut {
  add(frame: Frame, points: readonly Point[], catalog: Catalog): void;
  /** What has to be sent now. */
  take(): readonly OutgoingRange<Point>[];
  /** What was held back as well. */
  takeAll(): readonly OutgoingRange<Point>[];
}

export const createPointsOut = (): PointsOut => {
  const held = new Map<number, Map<string, Frame>>();
  let ready: OutgoingRange<Point>[] = [];

  /** What the lane has not heard yet and `frame` goes on with; anything else that is held back for it goes out by itself. */
  const joined = (lane: number, frame: Frame): Frame => {
    const frames = held.get(lane);
    const before = frames?.get(sourcePartitionKey(frame));
    if (before === undefined) return frame;
    frames?.delete(sourcePartitionKey(frame));
    if (before.to === frame.from && before.version === frame.version) return { ...frame, from: before.from };
    ready.push({ lane, range: { ...before, items: [] } });
    return frame;
  };

  const hold = (lane: number, frame: Frame): void => {
    const frames = held.get(lane) ?? new Map<string, Frame>();
    frames.set(sourcePartitionKey(frame), frame);
    held.set(lane, frames);
  };

  const take = (): readonly OutgoingRange<Point>[] => {
    const taken = ready;
    ready = [];
    return taken;
  };

  return {
    take,
    add(frame, points, catalog) {
      const laneOf = pointLane(catalog);
      const byLane = new Map<number, Point[]>();
      for (const point of points) {
        const lane = laneOf(point);
        const list = byLane.get(lane);
        if (list === undefined) byLane.set(lane, [point]);
        else list.push(point);
      }
      for (let lane = 0; lane < catalog.settings.lanes; lane += 1) {
        const items = byLane.get(lane);
        const whole = joined(lane, frame);
        if (items === undefined) hold(lane, whole);
        else ready.push({ lane, range: { ...whole, items } });
      }
    },
    takeAll() {
      for (const [lane, frames] of held) {
        for (const frame of frames.values()) ready.push({ lane, range: { ...frame, items: [] } });
      }
      held.clear();
      return take();
    },
  };
};
