import type { GroupRow, SummariseEffects, SummariseInput } from '@dsf/ports';
import { Failure } from '@dsf/ports';
import { fold } from './fold.ts';
import { gather } from './gather.ts';
import type { Gathered } from './gather.ts';
import { groupRow, lowerAll } from './group-row.ts';
import type { InstancePlan, SummarisePlan } from './plan.ts';
import { collectRefusals } from './refusals.ts';

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
  const states = plan.measures.map((measure, index) =>
    measure.combine(before?.states[index] ?? measure.zero, fold(measure, gathered.lifted[index] ?? [])),
  );
  const lowered = lowerAll(plan, states);
  const failure = lowered instanceof Failure ? lowered : null;
  const row = groupRow(plan, { text, key: gathered.key, window: gathered.window, states, lowered }, input);
  return { row, failure };
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
  const refusals = collectRefusals(input.version);
  const { groups, written, failed } = gather(plan, input.points, refusals);
  const changed = new Map<string, readonly GroupRow[]>();
  for (const [name, instance] of plan.instances) {
    const touched = groups.get(instance);
    if (touched === undefined) continue;
    const rows = [...touched]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([text, gathered]) => {
        const before = input.current.get(name)?.get(text);
        const { row, failure } = changeGroup(instance, { text, gathered, before }, input);
        if (failure !== null && before?.status !== 'failed') refusals.add(gathered.last, failure.code, `group ${text}: ${failure.message}`);
        return row;
      });
    changed.set(name, rows);
  }
  return { changed, refusals: refusals.list, written, failed };
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
