import type { Num, Value } from '@dsf/messages';
import { Failure, type Aggregated, type FoldAggregate, type FoldKind } from '@dsf/ports';

/*
 * What measures ask of a database that folds by itself, and what it answers.
 */

const everything: readonly FoldKind[] = ['number', 'text', 'boolean', 'moment'];

/** @param takes - kinds of amount; null: all. @param max - amounts that are kept */
export const asks = (what: FoldAggregate['asks'], takes: readonly FoldKind[] | null, max = 1): FoldAggregate => ({
  asks: what,
  max,
  takes: takes ?? everything,
});

/** An adapter that answers something else than what was asked is broken. */
const other = (aggregated: Aggregated): never => {
  throw new Failure('fatal', 'warehouse.fold', `the database answered ${aggregated.kind} where something else was asked for`);
};

export const countOf = (aggregated: Aggregated): Value => (aggregated.kind === 'number' ? { n: aggregated.count } : other(aggregated));

/** Null of no amounts. */
export const sumOf = (aggregated: Aggregated): { readonly sum: Num; readonly count: string } | null => {
  if (aggregated.kind !== 'number') return other(aggregated);
  const { sum, count } = aggregated;
  return sum === null ? null : { sum, count };
};

export const valueOf = (aggregated: Aggregated): Value => (aggregated.kind === 'value' ? aggregated.value : other(aggregated));

export const entriesOf = (aggregated: Aggregated): Aggregated & { readonly kind: 'entries' } =>
  aggregated.kind === 'entries' ? aggregated : other(aggregated);

export const setOf = (aggregated: Aggregated): (Aggregated & { readonly kind: 'set' })['amounts'] =>
  aggregated.kind === 'set' ? aggregated.amounts : other(aggregated);
