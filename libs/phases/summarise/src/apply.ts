import type { KeyPart, Point, Value } from '@dsf/messages';
import { groupText } from '@dsf/messages';
import type { GroupRow, RecordFailure, SummariseEffects, SummariseInput } from '@dsf/ports';
import { Failure } from '@dsf/ports';
import { fitColumn } from './column-type.ts';
import { fold } from './fold.ts';
import type { Moment } from './measure.ts';
import type { InstancePlan, SummarisePlan } from './plan.ts';

type SourcePoint = Moment & { readonly point: Point };

/** What a batch brings to one group. */
interface Gathered {
  readonly key: readonly KeyPart[];
  readonly window: number | null;
  /** Lifted amounts, one list per measure. */
  readonly lifted: readonly Value[][];
  /** The point that came last; named when the group fails. */
  last: SourcePoint;
}

type Refuse = (at: SourcePoint, code: string, detail: string) => void;

/**
 * The batch's refusals. Two inputs of a driver may refuse the same row number of a record, from different tables: the second and further
 * ones get a number in their scope, so that each is a failure of its own.
 */
const collectRefusals = (version: number) => {
  const refusals: RecordFailure[] = [];
  const seen = new Map<string, number>();
  const refuse: Refuse = ({ point, source, partition, offset }, code, detail) => {
    const row = `${point.instance}/${point.row}`;
    const place = `${source}:${partition}:${offset}:${row}`;
    const before = seen.get(place) ?? 0;
    seen.set(place, before + 1);
    const scope = before === 0 ? row : `${row}.${before}`;
    refusals.push({ phase: 'summarise', source, partition, offset, scope, code, path: null, detail, version });
  };
  return { refusals, refuse };
};

/** The states of one point's amounts, null where an amount is null; or why the point is refused, as a whole. */
const liftPoint = (plan: InstancePlan, at: SourcePoint): readonly (Value | undefined)[] | Failure => {
  try {
    return plan.measures.map((measure, index) => {
      const amount = at.point.amounts[index] ?? null;
      return amount === null ? undefined : measure.lift(amount, at);
    });
  } catch (error) {
    if (error instanceof Failure && error.kind === 'poison') return error;
    throw error;
  }
};

const gather = (groups: Map<string, Gathered>, lifted: readonly (Value | undefined)[], at: SourcePoint): void => {
  const { key, window } = at.point;
  const text = groupText(key, window);
  let group = groups.get(text);
  if (group === undefined) {
    group = { key, window, lifted: lifted.map(() => []), last: at };
    groups.set(text, group);
  }
  group.last = at;
  for (const [index, state] of lifted.entries()) if (state !== undefined) group.lifted[index]?.push(state);
};

/** The numbers to show; a group with a measure that has none to show (overflow, mixed types) fails as a whole, never shows a wrong one. */
const lowerAll = (plan: InstancePlan, states: readonly Value[]): readonly Value[] | Failure => {
  try {
    return plan.definition.measures.map((spec, index) => fitColumn(plan.measures[index]?.lower(states[index] ?? null) ?? null, spec.type));
  } catch (error) {
    if (error instanceof Failure && error.kind === 'poison') return error;
    throw error;
  }
};

interface Change {
  readonly text: string;
  readonly gathered: Gathered;
  readonly before: GroupRow | undefined;
}

const changeGroup = (
  plan: InstancePlan,
  change: Change,
  input: SummariseInput,
): { readonly row: GroupRow; readonly failure: Failure | null } => {
  const { text, gathered, before } = change;
  const { definition } = plan;
  const states = plan.measures.map((measure, index) =>
    measure.combine(before?.states[index] ?? measure.zero, fold(measure, gathered.lifted[index] ?? [])),
  );
  const lowered = lowerAll(plan, states);
  const failure = lowered instanceof Failure ? lowered : null;
  const row: GroupRow = {
    instance: definition.instance,
    key: gathered.key,
    window: gathered.window,
    windowEnd: gathered.window === null || definition.windowMs === null ? null : gathered.window + definition.windowMs,
    group: text,
    revision: input.revision,
    reason: input.reason,
    time: input.now,
    version: input.version,
    status: failure === null ? 'live' : 'failed',
    measures: lowered instanceof Failure ? [] : lowered,
    states,
  };
  return { row, failure };
};

/** Every point of the batch with its moment; points of instances that the catalog does not have (retired drivers) are left out. */
const knownPoints = function* (
  plan: SummarisePlan,
  batches: SummariseInput['points'],
): Generator<{ readonly at: SourcePoint; readonly instance: InstancePlan }> {
  for (const { source, partition, points } of batches) {
    for (const point of points) {
      const instance = plan.instances.get(point.instance);
      if (instance !== undefined)
        yield { instance, at: { point, source, partition, offset: point.offset, row: point.row, time: point.time } };
    }
  }
};

/**
 * Combines points into the states of their groups. May be called again with its own output as `current`, to fold in pages.
 *
 * A state is a function of the set of points alone (law S1), and so is `status`: a group whose numbers overflow is `failed` and shows none,
 * keeps its exact states, and shows numbers again when they fit again.
 * @param input - `current` holds the rows of all of `groups(plan, points)` that exist
 * @returns `written`: points combined; `failed`: points refused. A refused point is in no measure. Points of unknown instances are in neither.
 *   The point that made a live group fail is in `refusals` too, though it is combined. Refusals carry `summarise.not-a-number`,
 *   `summarise.not-a-boolean`, `summarise.mixed-types`, `summarise.overflow`, `summarise.measure`, or what the point says itself.
 */
export const apply = (plan: SummarisePlan, input: SummariseInput): SummariseEffects => {
  const { refusals, refuse } = collectRefusals(input.version);
  const gathered = new Map<InstancePlan, Map<string, Gathered>>();
  let [written, failed] = [0, 0];
  for (const { instance, at } of knownPoints(plan, input.points)) {
    const lifted =
      at.point.refusal === undefined ? liftPoint(instance, at) : new Failure('poison', at.point.refusal.code, at.point.refusal.detail);
    if (lifted instanceof Failure) {
      refuse(at, lifted.code, lifted.message);
      failed += 1;
      continue;
    }
    let groups = gathered.get(instance);
    if (groups === undefined) gathered.set(instance, (groups = new Map<string, Gathered>()));
    gather(groups, lifted, at);
    written += 1;
  }
  const changed = new Map<string, readonly GroupRow[]>();
  for (const [name, instance] of plan.instances) {
    const touched = gathered.get(instance);
    if (touched === undefined) continue;
    const rows = [...touched]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([text, group]) => {
        const before = input.current.get(name)?.get(text);
        const { row, failure } = changeGroup(instance, { text, gathered: group, before }, input);
        if (failure !== null && before?.status !== 'failed') refuse(group.last, failure.code, `group ${text}: ${failure.message}`);
        return row;
      });
    changed.set(name, rows);
  }
  return { changed, refusals, written, failed };
};

/** Texts of the groups that `apply` will ask for, by instance, each once and sorted. */
export const groups = (plan: SummarisePlan, points: SummariseInput['points']): ReadonlyMap<string, readonly string[]> => {
  const texts = new Map<string, Set<string>>();
  for (const { at } of knownPoints(plan, points)) {
    const { instance, key, window, refusal } = at.point;
    if (refusal !== undefined) continue;
    let known = texts.get(instance);
    if (known === undefined) texts.set(instance, (known = new Set<string>()));
    known.add(groupText(key, window));
  }
  return new Map([...texts].map(([instance, known]) => [instance, [...known].sort()]));
};

/** A group that has no rows left: it shows nothing and begins at zero when rows come again. */
export const retract = (row: GroupRow, at: Pick<SummariseInput, 'revision' | 'now' | 'version'>): GroupRow => ({
  ...row,
  revision: at.revision,
  reason: 'retract',
  time: at.now,
  version: at.version,
  status: 'gone',
  measures: [],
  states: [],
});
