import type { Catalog, DriverInstance } from '@dsf/metadata';
import { pointsPhase } from '@dsf/phase-points';
import { summarisePhase } from '@dsf/phase-summarise';
import type { CustomMeasures, RowRange, Warehouse } from '@dsf/ports';
import { planStatement } from '@dsf/runtime';

/** Which way a rebuild would go: by one statement of the database for each lane, which would scan so many bytes, or page by page, and why. */
export type RebuildPlan = { readonly by: 'statement'; readonly bytes: number } | { readonly by: 'pages'; readonly why: string | null };

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

/** What the services are going to decide. Rows that are not plain are found by the statement alone: then they go page by page after it. */
export const planRebuild = async (
  { warehouse, measures }: { readonly warehouse: Warehouse; readonly measures: CustomMeasures },
  catalog: Catalog,
  instance: DriverInstance,
): Promise<RebuildPlan> => {
  const { folds } = warehouse;
  if (folds === undefined) return { by: 'pages', why: null };
  const plan = summarisePhase.compile(catalog, measures);
  const asked = planStatement({ points: pointsPhase, summarise: summarisePhase }, { plan, instance, schema: await warehouse.schema() });
  if ('why' in asked) return { by: 'pages', why: asked.why };
  return { by: 'statement', bytes: await folds.estimate(asked, await rangesOf(warehouse, instance)) };
};
