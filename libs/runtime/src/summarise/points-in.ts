import { rawLane, type Point, type SourcePartition } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { LaneKey } from '@dsf/ports';
import { pointLane } from '../flatten/points-out.ts';
import type { Piece } from '../join.ts';
import type { Lane } from '../lane.ts';
import { checkSender } from '../receive.ts';
import type { LaneContext } from '../work.ts';
import { createFlatPages } from './flat-pages.ts';
import { createKnownInstances } from './known-instances.ts';
import type { SummarisePhases } from './fold.ts';

/** A piece with its points, complete up to `to`. */
export interface PointsPiece {
  readonly piece: Piece<Point>;
  readonly to: number;
  readonly points: readonly Point[];
}

export const flattenLaneOf =
  (lanes: number) =>
  (at: SourcePartition): LaneKey => ({ phase: 'flatten', source: 0, lane: rawLane(at, lanes) });

/** Where the points of a piece come from: the range's body, or the committed flat rows. */
export const createPointsIn = <Plan, PointsPlan>(context: LaneContext, lane: Lane, { points }: SummarisePhases<Plan, PointsPlan>) => {
  const { warehouse, catalogs, telemetry } = context;
  const pages = createFlatPages(context);
  const knownSince = createKnownInstances(catalogs);

  /** Points of the rows [from, to), of all instances or some, that belong to this lane. */
  const readRows = async (
    catalog: Catalog,
    { source, partition, from, to }: Piece<Point>,
    limit: { readonly recordsMax: number; readonly only?: ReadonlySet<string> },
  ): Promise<{ readonly points: readonly Point[]; readonly next: number }> => {
    const plan = points.compile(catalog, await warehouse.schema());
    const { rows, next } = await pages.read({ source, partition, from, to }, points.tables(plan, source), limit.recordsMax);
    const laneOf = pointLane(catalog);
    return { points: points.apply(plan, rows, limit.only).filter((point) => laneOf(point) === lane.key.lane), next };
  };

  return async (catalog: Catalog, piece: Piece<Point>, recordsMax: number): Promise<PointsPiece> => {
    const { source, partition, from, to, content } = piece;
    if (content.kind !== 'items') {
      await checkSender(context, flattenLaneOf(catalog.settings.lanes)(piece), piece);
      telemetry.emit({ name: 'refill', phase: 'summarise', lane: lane.name, source, partition, from, to });
      const read = await readRows(catalog, piece, { recordsMax });
      return { piece, to: read.next, points: read.points };
    }
    // A range that was made before its sender knew an instance has none of its points, though the instance is live here and covers the
    // range: those are read from the rows (delivery rule 7).
    const unknown = new Set(catalog.drivers.map(({ instance }) => instance)).difference(await knownSince(catalog, piece.version));
    if (unknown.size === 0) return { piece, to, points: content.items };
    const read = await readRows(catalog, piece, { recordsMax, only: unknown });
    const known = content.items.filter(({ offset, instance }) => offset < read.next && !unknown.has(instance));
    return { piece, to: read.next, points: [...known, ...read.points] };
  };
};
