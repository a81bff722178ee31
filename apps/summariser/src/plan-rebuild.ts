import type { Catalog, DriverInstance } from '@dsf/metadata';
import { pointsPhase } from '@dsf/phase-points';
import { summarisePhase } from '@dsf/phase-summarise';
import { Failure, type CustomMeasures, type FlatFolds, type RowRange, type Warehouse } from '@dsf/ports';
import { planStatement } from '@dsf/runtime';

/** Which way a rebuild would go: by one statement of the database for each lane, which would scan so many bytes, or page by page, and why. */
export type RebuildPlan =
  | { readonly by: 'statement'; readonly bytes: number }
  /** Null: the database does not fold. */
  | { readonly by: 'pages'; readonly why: string | null }
  /** For the summariser to find out: the database is away, or modules with measures are not loaded here. */
  | { readonly by: 'unknown'; readonly why: string };

/** The widest range of each source partition over the lanes. */
const rangesOf = async ({ inspect }: Warehouse, { inputs }: DriverInstance): Promise<readonly RowRange[]> => {
  const sources = new Set(inputs.map(({ source }) => source));
  const ranges = new Map<string, RowRange>();
  for (const { phase, source, partition, start, next } of await inspect.positions()) {
    if (phase !== 'summarise' || !sources.has(source)) continue;
    const known = ranges.get(`${source}:${partition}`) ?? { source, partition, from: start, to: next };
    ranges.set(`${source}:${partition}`, { source, partition, from: Math.min(known.from, start), to: Math.max(known.to, next) });
  }
  return [...ranges.values()].filter(({ from, to }) => from < to);
};

interface Room {
  readonly warehouse: Warehouse;
  readonly measures: CustomMeasures;
}

const planWith = async (
  folds: FlatFolds,
  { warehouse, measures }: Room,
  { catalog, instance }: { readonly catalog: Catalog; readonly instance: DriverInstance },
): Promise<RebuildPlan> => {
  const plan = summarisePhase.compile(catalog, measures);
  const asked = planStatement({ points: pointsPhase, summarise: summarisePhase }, { plan, instance, schema: await warehouse.schema() });
  if ('why' in asked) return { by: 'pages', why: asked.why };
  return { by: 'statement', bytes: await folds.estimate(asked, await rangesOf(warehouse, instance)) };
};

/**
 * What the services are going to decide. Rows that are not plain are found by the statement alone: then they go page by page after it. Never throws
 * Failure: what is asked for does not depend on it.
 */
export const planRebuild = async (room: Room, catalog: Catalog, instance: DriverInstance): Promise<RebuildPlan> => {
  const { folds } = room.warehouse;
  if (folds === undefined) return { by: 'pages', why: null };
  try {
    return await planWith(folds, room, { catalog, instance });
  } catch (error) {
    if (error instanceof Failure) return { by: 'unknown', why: error.message };
    throw error;
  }
};
