import type { RawRecord } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import { Failure, type FlatSchema, type FlattenEffects, type FlattenPhase, type PointsPhase } from '@dsf/ports';
import { compileOnce } from '../plan-cache.ts';
import type { LaneContext } from '../work.ts';

/** The two pure phases that flatten runs: rows from records, and points from rows. */
export interface FlattenPhases<Plan, PointsPlan> {
  readonly flatten: FlattenPhase<Plan>;
  readonly points: PointsPhase<PointsPlan>;
}

/** Flattens records and adds to the schema what they need, until nothing is missing. */
export interface Flattener {
  /**
   * Effects of batches that go into one transaction, all under the same schema: a batch decided before another one widened a column would be
   * written as the type that the column no longer has.
   */
  decide(catalog: Catalog, batches: readonly (readonly RawRecord[])[]): Promise<readonly FlattenEffects[]>;
  schema(): Promise<FlatSchema>;
  /** After a refusal by the warehouse: others have changed the schema. */
  forget(): void;
}

/** Schema changes may need several rounds, because a new table's columns are only found once the table is there. */
const schemaRoundsMax = 20;

const columnsOf = ({ tables }: FlatSchema): number => tables.reduce((sum, { columns }) => sum + columns.length, 0);

export const createFlattener = <Plan>(context: LaneContext, phase: FlattenPhase<Plan>): Flattener => {
  const { warehouse, telemetry } = context;
  const compile = compileOnce((catalog: Catalog, schema: FlatSchema) => phase.compile(catalog, schema, warehouse.capabilities));
  let known: FlatSchema | null = null;
  const schema = async (): Promise<FlatSchema> => (known ??= await warehouse.schema());

  /** Adds what is missing, as it looks under the schema lock; others may have added it meanwhile, then nothing changes. */
  const evolve = async (plan: Plan, missing: FlattenEffects['missing']): Promise<FlatSchema> => {
    let before: FlatSchema | null = null;
    const after = await warehouse.evolve((current) => {
      before = current;
      return phase.evolve(plan, missing, current);
    });
    report(before, after);
    return after;
  };

  const report = (before: FlatSchema | null, after: FlatSchema): void => {
    if (before === null || after.version === before.version) return;
    const tables = after.tables.length - before.tables.length;
    telemetry.emit({ name: 'schema-changed', tables, columns: columnsOf(after) - columnsOf(before), version: after.version });
  };

  return {
    schema,
    forget: () => {
      known = null;
    },
    async decide(catalog, batches) {
      for (let round = 0; round < schemaRoundsMax; round += 1) {
        const plan = compile(catalog, await schema());
        const effects = batches.map((records) => phase.apply(plan, records));
        const missing = effects.flatMap((one) => one.missing);
        if (missing.length === 0) return effects;
        known = await evolve(plan, missing);
      }
      throw new Failure('fatal', 'flatten.schema-unstable', `the schema still lacks something after ${schemaRoundsMax} rounds of changes`);
    },
  };
};
