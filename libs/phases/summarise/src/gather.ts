import type { KeyPart, Point, Value } from '@dsf/messages';
import { groupText, isSameKey } from '@dsf/messages';
import type { Moment, SummariseInput } from '@dsf/ports';
import { Failure } from '@dsf/ports';
import type { InstancePlan, SummarisePlan } from './plan.ts';
import type { Refusals } from './refusals.ts';

export type SourcePoint = Moment & { readonly point: Point };

/** What a batch brings to one group. */
export interface Gathered {
  readonly key: readonly KeyPart[];
  readonly window: number | null;
  /** Lifted amounts, one list per measure. */
  readonly lifted: readonly Value[][];
  /** The point that came last; named when the group fails. */
  last: SourcePoint;
}

type Refusal = NonNullable<Point['refusal']>;

/** One point's amounts, one per measure. */
type Lifted = (Value | undefined)[];

/** By instance, then by group text. */
export type GatheredGroups = Map<InstancePlan, Map<string, Gathered>>;

/** `groupText` of points one after the other: those of a record mostly belong to one group, so its text is made once for all of them. */
const createTextOf = (): ((point: Point) => string) => {
  let last: { readonly point: Point; readonly text: string } | null = null;
  return (point) => {
    if (last !== null && last.point.window === point.window && isSameKey(last.point.key, point.key)) return last.text;
    last = { point, text: groupText(point.key, point.window) };
    return last.text;
  };
};

/** Visits every point of the batch; points of instances that the catalog does not have (retired drivers) are left out. */
const visitKnown = (
  plan: SummarisePlan,
  batches: SummariseInput['points'],
  visit: (instance: InstancePlan, at: SourcePoint) => void,
): void => {
  for (const { source, partition, points } of batches) {
    for (const point of points) {
      const instance = plan.instances.get(point.instance);
      if (instance !== undefined) visit(instance, { point, source, partition, offset: point.offset, row: point.row, time: point.time });
    }
  }
};

/**
 * Lifts one point's amounts into `lifted`, undefined for a measure that skips it.
 * @returns why the point is refused, as a whole
 */
const liftPoint = ({ measures }: InstancePlan, at: SourcePoint, lifted: Lifted): Refusal | null => {
  try {
    lifted.length = measures.length;
    for (let index = 0; index < measures.length; index += 1) {
      const amount = at.point.amounts[index] ?? null;
      lifted[index] = amount === null ? undefined : measures[index]?.lift(amount, at);
    }
    return null;
  } catch (error) {
    if (error instanceof Failure && error.kind === 'poison') return { code: error.code, detail: error.message };
    throw error;
  }
};

const put = (
  groups: Map<string, Gathered>,
  text: string,
  { at, lifted }: { readonly at: SourcePoint; readonly lifted: Readonly<Lifted> },
): void => {
  let group = groups.get(text);
  if (group === undefined) {
    const { key, window } = at.point;
    group = { key, window, lifted: lifted.map(() => []), last: at };
    groups.set(text, group);
  }
  group.last = at;
  for (let index = 0; index < lifted.length; index += 1) {
    const state = lifted[index];
    if (state !== undefined) group.lifted[index]?.push(state);
  }
};

/** Sorts the batch's points to their groups. A refused point is in no group. */
export const gather = (
  plan: SummarisePlan,
  batches: SummariseInput['points'],
  refusals: Refusals,
): { readonly groups: GatheredGroups; readonly written: number; readonly failed: number } => {
  const gathered: GatheredGroups = new Map();
  const textOf = createTextOf();
  /** Of the point at hand; the same list for all of them, because there are many. */
  const lifted: Lifted = [];
  let written = 0;
  let failed = 0;
  visitKnown(plan, batches, (instance, at) => {
    const refused = at.point.refusal ?? liftPoint(instance, at, lifted);
    if (refused !== null) {
      refusals.add(at, refused.code, refused.detail);
      failed += 1;
      return;
    }
    let groups = gathered.get(instance);
    if (groups === undefined) gathered.set(instance, (groups = new Map<string, Gathered>()));
    put(groups, textOf(at.point), { at, lifted });
    written += 1;
  });
  return { groups: gathered, written, failed };
};

/** Texts of the groups that `apply` will ask for, by instance, each once and sorted. */
export const groups = (plan: SummarisePlan, batches: SummariseInput['points']): ReadonlyMap<string, readonly string[]> => {
  const texts = new Map<string, Set<string>>();
  const textOf = createTextOf();
  visitKnown(plan, batches, (_plan, { point }) => {
    if (point.refusal !== undefined) return;
    let known = texts.get(point.instance);
    if (known === undefined) texts.set(point.instance, (known = new Set<string>()));
    known.add(textOf(point));
  });
  return new Map([...texts].map(([instance, known]) => [instance, [...known].sort()]));
};
