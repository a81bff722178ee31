import { simpleExpression, type DriverInstance, type InstanceInput } from '@dsf/metadata';
import type { FlatFold, FlatSchema, FlatTable, FoldAggregate, FoldInput, FoldRefusal, FoldValue } from '@dsf/ports';
import { createInputTables } from './fold-tables.ts';
import { FoldRefused, foldValue, literal, nothing } from './fold-value.ts';
import { chainOf, sourceTables } from './places.ts';
import type { SourceTables } from './places.ts';

interface Ask {
  readonly instance: DriverInstance;
  readonly aggregates: readonly FoldAggregate[];
}

const named = (use: string, work: () => FoldValue): FoldValue => {
  try {
    return work();
  } catch (error) {
    throw error instanceof FoldRefused ? new FoldRefused(`${use}: ${error.message}`) : error;
  }
};

const beyond = 'more than comparisons, `&&`, `||`, `!`, `? :`, `in`, `has`, `+`, `-` and `*`';

const requireTime = (value: FoldValue): FoldValue => {
  if (value === nothing) return value;
  if (value.kind !== 'cell') throw new FoldRefused('not a column alone');
  if (value.of === 'boolean' || value.column.type === 'decimal' || value.column.type === 'date')
    throw new FoldRefused(`a column of type ${value.column.type}`);
  return value;
};

const requireAmount = (value: FoldValue, { takes }: FoldAggregate): FoldValue => {
  if (value.of !== null && !takes.includes(value.of)) throw new FoldRefused(`a ${value.of}`);
  return value;
};

const planInput = (
  { instance, aggregates }: Ask,
  input: InstanceInput,
  { table, tables }: { readonly table: FlatTable; readonly tables: SourceTables },
): FoldInput => {
  const { cell, read } = createInputTables(chainOf(table, tables), tables);
  const value = (use: string, text: string, check = (one: FoldValue) => one): FoldValue =>
    named(use, () => {
      const expression = simpleExpression(text);
      if (expression === null) throw new FoldRefused(beyond);
      return check(foldValue(expression, cell));
    });
  const amounts = input.amounts.map((amount, index): FoldValue => {
    if (amount.kind === 'none') return nothing;
    if (amount.kind === 'row') return literal(true);
    const aggregate = aggregates[index];
    return value(`measure ${instance.measures[index]?.name ?? index}`, amount.text, (one) =>
      aggregate === undefined ? one : requireAmount(one, aggregate),
    );
  });
  const filter = input.filter === null ? null : value('filter', input.filter);
  const key = input.key.map((text, index) => value(`key ${instance.key[index] ?? index}`, text));
  const time = input.eventTime === null ? nothing : value('event_time', input.eventTime, requireTime);
  return { source: input.source, filter, time: time === nothing ? null : time, key, amounts, ...read() };
};

/** Of one moment, the value decides, by its text; a database would compare something else. That happens where rows of two inputs meet. */
const assertMomentsDiffer = ({ instance, aggregates }: Ask, inputs: readonly FoldInput[]): void => {
  if (new Set(inputs.map(({ source }) => source)).size === inputs.length) return;
  const index = aggregates.findIndex(({ asks }) => asks === 'earliest' || asks === 'latest');
  if (index !== -1) throw new FoldRefused(`measure ${instance.measures[index]?.name ?? index}: two inputs of one source`);
};

/** Values of two kinds do not compare: such a group fails, point by point. */
const assertAlike = ({ instance, aggregates }: Ask, inputs: readonly FoldInput[]): void => {
  for (const [index, { asks }] of aggregates.entries()) {
    if (asks !== 'least' && asks !== 'greatest') continue;
    const kinds = new Set(inputs.map(({ amounts }) => amounts[index]?.of ?? null).filter((kind) => kind !== null));
    if (kinds.size > 1) throw new FoldRefused(`measure ${instance.measures[index]?.name ?? index}: ${[...kinds].join(' and ')}`);
  }
};

/**
 * What a driver's points and measures come to, as one statement of a database: every expression with its columns and kinds.
 * @param aggregates - one per measure
 * @returns why not, where the services have to do it: expressions beyond comparisons, logic and exact arithmetic, columns of JSON or double
 */
export const fold = (schema: FlatSchema, instance: DriverInstance, aggregates: readonly FoldAggregate[]): FlatFold | FoldRefusal => {
  const ask = { instance, aggregates };
  try {
    const inputs = instance.inputs.flatMap((input) => {
      const tables = sourceTables(schema, input.source);
      return (tables.byPlace.get(input.table) ?? []).map((table) => planInput(ask, input, { table, tables }));
    });
    assertMomentsDiffer(ask, inputs);
    assertAlike(ask, inputs);
    return { inputs, windowMs: instance.windowMs, aggregates };
  } catch (error) {
    if (error instanceof FoldRefused) return { why: error.message };
    throw error;
  }
};
