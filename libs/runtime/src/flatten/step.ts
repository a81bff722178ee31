import type { RawRecord, SourcePartition } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { FlatSchema, FlattenEffects, Position, RecordFailure } from '@dsf/ports';
import { pointsHop } from '../hops.ts';
import type { Joined, Piece } from '../join.ts';
import { addCounts, type Lane } from '../lane.ts';
import { sendRanges } from '../outbox.ts';
import { compileOnce } from '../plan-cache.ts';
import { reportRefusals } from '../report-refusals.ts';
import { payloadBytes, startStages, type Stages } from '../stages.ts';
import type { Attempt, LaneContext } from '../work.ts';
import type { Flattener, FlattenPhases } from './flattener.ts';
import type { PointsOut } from './points-out.ts';
import { recordsOf } from './records-in.ts';

/** Records of one source partition, decided: what a transaction will write, and up to where. */
interface Decided extends SourcePartition {
  readonly piece: Piece<RawRecord>;
  readonly to: number;
  readonly received: number;
  readonly writtenBytes: number;
  readonly effects: FlattenEffects;
}

/** One walk over a batch: the pieces to take now, and where the lane stands. */
export interface Walk {
  readonly catalog: Catalog;
  readonly pieces: readonly Piece<RawRecord>[];
  readonly duplicates: Joined<RawRecord>['duplicates'];
  readonly before: (at: SourcePartition) => Position;
  readonly attempt: Attempt;
}

export interface FlattenRoom<Plan, PointsPlan> {
  readonly lane: Lane;
  readonly phases: FlattenPhases<Plan, PointsPlan>;
  readonly flattener: Flattener;
  readonly out: PointsOut;
}

/** One transaction: flat rows, failures and positions; then the points of the rows to the points lanes. */
export const createFlattenStep = <Plan, PointsPlan>(
  context: LaneContext,
  { lane, phases, flattener, out }: FlattenRoom<Plan, PointsPlan>,
) => {
  const { clock } = context;
  const compilePoints = compileOnce((catalog: Catalog, schema: FlatSchema) => phases.points.compile(catalog, schema));

  const decide = async ({ catalog, attempt, pieces }: Walk): Promise<readonly Decided[]> => {
    const taken: { readonly piece: Piece<RawRecord>; readonly records: readonly RawRecord[]; readonly to: number }[] = [];
    for (const piece of pieces) taken.push({ piece, ...(await recordsOf(context, lane, piece, attempt.recordsMax)) });
    const { refuse } = attempt;
    const effects =
      refuse === null
        ? await flattener.decide(
            catalog,
            taken.map(({ records }) => records),
          )
        : taken.map(({ piece, records }) => refuseAll(piece, records, { ...refuse, version: catalog.version }));
    return taken.flatMap(({ piece, records, to }, index) => {
      const { source, partition } = piece;
      const own = effects[index];
      return own === undefined
        ? []
        : [{ source, partition, piece, to, received: records.length, writtenBytes: payloadBytes(records), effects: own }];
    });
  };

  const store = async (walk: Walk, decided: readonly Decided[]): Promise<void> => {
    const { version } = walk.catalog;
    const { version: schemaVersion } = await flattener.schema();
    await lane.transact({ positions: advance(walk, decided) }, async (transaction) => {
      for (const { effects } of decided) {
        if (effects.rows.tables.length > 0) await transaction.writeFlat(effects.rows, version, schemaVersion);
        if (effects.refusals.length > 0) await transaction.writeFailures(effects.refusals, clock.now());
      }
    });
  };

  return async (walk: Walk): Promise<void> => {
    const stages = startStages(clock);
    const { catalog } = walk;
    const decided = await decide(walk);
    stages.end('decide');
    try {
      await store(walk, decided);
      stages.end('write');
    } catch (error) {
      flattener.forget();
      throw error;
    }
    const points = compilePoints(catalog, await flattener.schema());
    for (const { piece, to, effects } of decided) {
      const { source, partition, from, time } = piece;
      const frame = { source, partition, from, to, version: catalog.version, time, idle: piece.idle && to === piece.to };
      out.add(frame, phases.points.apply(points, effects.rows), catalog);
    }
    const ranges = out.take();
    stages.end('decide');
    const bytes = await sendRanges({ ...context, lane: lane.name }, pointsHop, ranges);
    stages.end('send');
    report(context, lane, { walk, decided, sent: ranges.length, bytes, stages });
  };
};

/** Every record as the same failure: what the database would not take even when it stood alone. */
export const refuseAll = (
  { source, partition }: SourcePartition,
  records: readonly RawRecord[],
  why: { readonly code: string; readonly detail: string; readonly version: number },
): FlattenEffects => {
  const refusals = records.map(({ offset }): RecordFailure => ({
    phase: 'flatten',
    source,
    partition,
    offset,
    scope: '',
    path: null,
    ...why,
  }));
  return { missing: [], rows: { source, partition, tables: [] }, refusals, written: 0, filtered: 0 };
};

/** New positions: the last piece of each source partition says how far, all of them together how many. */
const advance = ({ catalog, before, duplicates }: Walk, decided: readonly Decided[]): readonly Position[] => {
  const positions = new Map<string, Position>();
  for (const { source, partition, piece, to, received, effects } of decided) {
    const key = `${source}:${partition}`;
    const from = positions.get(key) ?? before({ source, partition });
    const counts = {
      written: effects.written,
      failed: effects.refusals.length,
      filtered: effects.filtered,
      absent: to - piece.from - received,
      refills: piece.content.kind === 'refill' ? 1 : 0,
      duplicates: positions.has(key) ? 0 : (duplicates.get(key) ?? 0),
    };
    const idle = piece.idle && to === piece.to;
    positions.set(key, {
      ...from,
      next: to,
      time: piece.time ?? from.time,
      idle,
      version: catalog.version,
      counters: addCounts(from.counters, counts),
    });
  }
  return [...positions.values()];
};

interface Outcome {
  readonly walk: Walk;
  readonly decided: readonly Decided[];
  readonly sent: number;
  readonly bytes: number;
  readonly stages: Stages;
}

/** One event for the batch, and one for each kind of refusal in it. */
const report = ({ telemetry }: LaneContext, lane: Lane, { walk, decided, sent, bytes, stages }: Outcome): void => {
  const total = (of: (one: Decided) => number): number => decided.reduce((sum, one) => sum + of(one), 0);
  const refusals = decided.flatMap(({ effects }) => effects.refusals);
  telemetry.emit({
    name: 'batch',
    phase: 'flatten',
    lane: lane.name,
    received: total(({ received }) => received),
    written: total(({ effects }) => effects.written),
    failed: refusals.length,
    filtered: total(({ effects }) => effects.filtered),
    duplicates: [...walk.duplicates.values()].reduce((sum, count) => sum + count, 0),
    sent,
    bytes,
    writtenBytes: total((one) => one.writtenBytes),
    ms: stages.ms(),
    stages: stages.times(),
  });
  reportRefusals(telemetry, { phase: 'flatten', lane: lane.name, refusals });
};
