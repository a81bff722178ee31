import type { Catalog, DriverInstance, InstanceInput } from '@dsf/metadata';
import { parseExpression } from '@dsf/metadata';
import type { FlatSchema, FlatTable } from '@dsf/ports';
import { chainOf, placeOf, sourceTables } from './places.ts';
import type { SourceTables } from './places.ts';
import type { InputPlan, Place, PointsPlan, Reading, SourcePlan } from './plan.ts';

const tablesOf = (place: Place): readonly number[] => (place.kind === 'cells' ? place.sites.flatMap(({ down }) => down) : []);

interface PlannedInput {
  readonly plan: InputPlan;
  /** Tables that it reads. */
  readonly reads: readonly number[];
}

const planInput = (
  instance: DriverInstance,
  input: InstanceInput,
  { table, tables }: { readonly table: FlatTable; readonly tables: SourceTables },
): PlannedInput => {
  const chain = chainOf(table, tables);
  const reads = new Set(chain.map(({ id }) => id));
  const reading = (use: string, text: string): Reading => {
    const expression = parseExpression(text);
    const places = new Map(expression.paths.map((path) => [path, placeOf(path, chain, tables)]));
    for (const place of places.values()) for (const id of tablesOf(place)) reads.add(id);
    return { use, expression, places, place: expression.path === null ? null : (places.get(expression.path) ?? null) };
  };
  const plan: InputPlan = {
    instance: instance.instance,
    chain: chain.map(({ id }) => id),
    filter: input.filter === null ? null : reading('filter', input.filter),
    eventTime: input.eventTime === null ? null : reading('event_time', input.eventTime),
    key: input.key.map((text, index) => reading(`key ${instance.key[index] ?? index}`, text)),
    amounts: input.amounts.map((amount, index) =>
      amount.kind === 'expression' ? reading(`measure ${instance.measures[index]?.name ?? index}`, amount.text) : amount.kind,
    ),
    windowMs: instance.windowMs,
  };
  return { plan, reads: [...reads] };
};

const planSource = (catalog: Catalog, schema: FlatSchema, source: number): SourcePlan => {
  const tables = sourceTables(schema, source);
  const planned = catalog.drivers
    .toSorted((a, b) => (a.instance < b.instance ? -1 : a.instance > b.instance ? 1 : 0))
    .flatMap((instance) => instance.inputs.filter((input) => input.source === source).map((input) => ({ instance, input })))
    // A place that has no table yet has no rows either.
    .flatMap(({ instance, input }) =>
      (tables.byPlace.get(input.table) ?? []).map((table) => planInput(instance, input, { table, tables })),
    );
  return {
    inputs: planned.map(({ plan }) => plan),
    tables: [...new Set(planned.flatMap(({ reads }) => reads))].sort((a, b) => a - b),
  };
};

/**
 * Finds, for every input of every driver instance, where in the tables its paths live. A path that the schema lacks reads as null until the
 * plan is compiled again with a newer schema.
 * @throws ExpressionError only for expressions that validation would have refused
 */
export const compile = (catalog: Catalog, schema: FlatSchema): PointsPlan => {
  const sources = new Set(catalog.drivers.flatMap(({ inputs }) => inputs.map(({ source }) => source)));
  return { sources: new Map([...sources].map((source) => [source, planSource(catalog, schema, source)])) };
};

/** Ids, ascending: input tables, their ancestors, and the 1:1 tables that hold a path. */
export const tables = (plan: PointsPlan, source: number): readonly number[] => plan.sources.get(source)?.tables ?? [];
