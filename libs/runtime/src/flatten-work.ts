import { decodeRawRange, type RawRecord, type SourcePartition } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import { Failure, type FlatSchema, type FlattenEffects, type FlattenPhase, type LaneKey, type PointsPhase, type Position } from '@dsf/ports';
import { replay } from './flatten-replay.ts';
import { join, type Piece } from './join.ts';
import { addCounts, openLane, type Lane } from './lane.ts';
import { sendRanges } from './outbox.ts';
import { compileOnce } from './plan-cache.ts';
import { createPointsOut } from './points-out.ts';
import { checkSender, decodeRanges, newestVersion, positionsFor } from './receive.ts';
import { topics, type Attempt, type LaneContext, type LaneWork } from './work.ts';

/** The two pure phases that flatten runs: rows from records, and points from rows. */
export interface FlattenPhases<Plan, PointsPlan> {
  readonly flatten: FlattenPhase<Plan>;
  readonly points: PointsPhase<PointsPlan>;
}

/** Records of one source partition, decided: what a transaction will write, and up to where. */
export interface FlattenedPiece extends SourcePartition {
  readonly piece: Piece<RawRecord>;
  readonly to: number;
  readonly received: number;
  readonly effects: FlattenEffects;
}

/** Schema changes may need several rounds, because a new table's columns are only found once the table is there. */
const schemaRoundsMax = 20;

export const ingestLaneOf = ({ source, partition }: SourcePartition): LaneKey => ({ phase: 'ingest', source, lane: partition });

/** Flattens records and adds to the schema what they need, until nothing is missing. */
export interface Flattener {
  decide(catalog: Catalog, records: readonly RawRecord[]): Promise<FlattenEffects>;
  schema(): Promise<FlatSchema>;
  /** After a refusal by the warehouse: others have changed the schema. */
  forget(): void;
}

export const createFlattener = <Plan>(context: LaneContext, phase: FlattenPhase<Plan>): Flattener => {
  const { warehouse, telemetry } = context;
  const compile = compileOnce((catalog: Catalog, schema: FlatSchema) => phase.compile(catalog, schema, warehouse.capabilities));
  let known: FlatSchema | null = null;
  const schema = async (): Promise<FlatSchema> => (known ??= await warehouse.schema());

  return {
    schema,
    forget: () => {
      known = null;
    },
    async decide(catalog, records) {
      for (let round = 0; round < schemaRoundsMax; round += 1) {
        const before = await schema();
        const plan = compile(catalog, before);
        const effects = phase.apply(plan, records);
        if (effects.missing.length === 0) return effects;
        known = await warehouse.evolve((current) => phase.evolve(plan, effects.missing, current));
        const columns = (tables: FlatSchema['tables']): number => tables.reduce((sum, table) => sum + table.columns.length, 0);
        telemetry.emit({ name: 'schema-changed', tables: known.tables.length - before.tables.length, columns: columns(known.tables) - columns(before.tables), widened: effects.missing.length, version: known.version });
      }
      throw new Failure('fatal', 'flatten.schema-unstable', `the schema still lacks something after ${schemaRoundsMax} rounds of changes`);
    },
  };
};

/** Flatten of one lane of dsf.raw: rows, failures and positions in one transaction, then the points of the rows to every points lane. */
export const createFlattenWork = <Plan, PointsPlan>(context: LaneContext, phases: FlattenPhases<Plan, PointsPlan>, laneNumber: number): LaneWork => {
  const { warehouse, catalogs, clock, telemetry } = context;
  const lane = openLane(warehouse, { phase: 'flatten', source: 0, lane: laneNumber });
  const flattener = createFlattener(context, phases.flatten);
  const compilePoints = compileOnce((catalog: Catalog, schema: FlatSchema) => phases.points.compile(catalog, schema));
  const out = createPointsOut();
  const sending = { ...context, lane: lane.name };

  const recordsOf = async (piece: Piece<RawRecord>, recordsMax: number): Promise<{ readonly records: readonly RawRecord[]; readonly to: number }> => {
    if (piece.content.kind === 'items') return { records: piece.content.items, to: piece.to };
    await checkSender(context, ingestLaneOf(piece), piece);
    const { source, partition, from, to } = piece;
    telemetry.emit({ name: 'refill', phase: 'flatten', lane: lane.name, source, partition, from, to });
    const records = await warehouse.committed.readRaw({ source, partition, from, to }, recordsMax);
    const last = records.at(-1);
    return { records, to: last === undefined || records.length < recordsMax ? to : last.offset + 1 };
  };

  const decide = async (catalog: Catalog, piece: Piece<RawRecord>, { recordsMax, refuse }: Attempt): Promise<FlattenedPiece> => {
    const { records, to } = await recordsOf(piece, recordsMax);
    const { source, partition } = piece;
    const effects = refuse === null ? await flattener.decide(catalog, records) : refuseAll(records, catalog.version, refuse);
    return { source, partition, piece, to, received: records.length, effects };
  };

  const store = async (catalog: Catalog, decided: readonly FlattenedPiece[], before: (at: SourcePartition) => Position, duplicates: ReadonlyMap<string, number>): Promise<void> => {
    const { version: schemaVersion } = await flattener.schema();
    const positions = advance(decided, before, catalog.version, duplicates);
    await lane.transact({ positions }, async (transaction) => {
      for (const { effects } of decided) {
        if (effects.rows.tables.length > 0) await transaction.writeFlat(effects.rows, catalog.version, schemaVersion);
        if (effects.refusals.length > 0) await transaction.writeFailures(effects.refusals, clock.now());
      }
    });
  };

  const step = async (catalog: Catalog, pieces: readonly Piece<RawRecord>[], walk: { readonly before: (at: SourcePartition) => Position; readonly attempt: Attempt; readonly duplicates: ReadonlyMap<string, number> }): Promise<void> => {
    const startedAt = clock.now();
    const decided: FlattenedPiece[] = [];
    for (const piece of pieces) decided.push(await decide(catalog, piece, walk.attempt));
    try {
      await store(catalog, decided, walk.before, walk.duplicates);
    } catch (error) {
      flattener.forget();
      out.clear();
      throw error;
    }
    const points = compilePoints(catalog, await flattener.schema());
    for (const { piece, to, effects } of decided) {
      const { source, partition, from, time, idle } = piece;
      out.add({ source, partition, from, to, version: catalog.version, time, idle: idle && to === piece.to }, phases.points.apply(points, effects.rows), catalog);
    }
    const ranges = out.take();
    const bytes = await sendRanges(sending, topics.points, ranges);
    const total = (of: (one: FlattenedPiece) => number): number => decided.reduce((sum, one) => sum + of(one), 0);
    telemetry.emit({
      name: 'batch', phase: 'flatten', lane: lane.name, received: total(({ received }) => received), written: total(({ effects }) => effects.written),
      failed: total(({ effects }) => effects.refusals.length), filtered: total(({ effects }) => effects.filtered),
      duplicates: [...walk.duplicates.values()].reduce((sum, count) => sum + count, 0), sent: ranges.length, bytes, ms: clock.now() - startedAt,
    });
    reportRefusals(context, lane, decided);
  };

  const announce = async (): Promise<void> => {
    const catalog = await catalogs.current();
    await sendRanges(sending, topics.points, out.takeAll());
    for (const { source, partition, next, time, idle } of lane.positions()) out.add({ source, partition, from: next, to: next, version: catalog.version, time, idle }, [], catalog);
    await sendRanges(sending, topics.points, out.takeAll());
  };

  return {
    lane,
    announce,
    claimed: async () => {
      out.clear();
      await announce();
    },
    pause: async () => {
      await sendRanges(sending, topics.points, out.takeAll());
    },
    chores: async () => {
      await replay(context, { lane, flattener, phases });
    },
    async handle(deliveries, attempt) {
      const ranges = decodeRanges(context, lane, deliveries, decodeRawRange);
      const catalog = await catalogs.atLeast(newestVersion(ranges));
      const before = await positionsFor(context, lane, ranges, ingestLaneOf);
      let { refuse } = attempt;
      for (let first = true; ; first = false) {
        const { pieces, duplicates } = join(ranges, (at) => before(at).next, attempt.recordsMax);
        if (pieces.length === 0) return;
        await step(catalog, refuse === null ? pieces : pieces.slice(0, 1), { before, attempt: { ...attempt, refuse }, duplicates: first ? duplicates : new Map() });
        refuse = null;
      }
    },
  };
};

const refuseAll = (records: readonly RawRecord[], version: number, { code, detail }: NonNullable<Attempt['refuse']>): FlattenEffects => {
  const first = records[0];
  const refusals = records.map(({ source, partition, offset }) => ({ phase: 'flatten' as const, source, partition, offset, scope: '', code, path: null, detail, version }));
  return { missing: [], rows: { source: first?.source ?? 0, partition: first?.partition ?? 0, tables: [] }, refusals, written: 0, filtered: 0 };
};

/** New positions: the last piece of each source partition says how far, all of them together how many. */
const advance = (decided: readonly FlattenedPiece[], before: (at: SourcePartition) => Position, version: number, duplicates: ReadonlyMap<string, number>): readonly Position[] => {
  const positions = new Map<string, Position>();
  for (const { source, partition, piece, to, received, effects } of decided) {
    const key = `${source}:${partition}`;
    const from = positions.get(key) ?? before({ source, partition });
    const counts = { written: effects.written, failed: effects.refusals.length, filtered: effects.filtered, absent: to - piece.from - received, refills: piece.content.kind === 'refill' ? 1 : 0, duplicates: positions.has(key) ? 0 : (duplicates.get(key) ?? 0) };
    positions.set(key, { ...from, next: to, time: piece.time ?? from.time, idle: piece.idle && to === piece.to, version, counters: addCounts(from.counters, counts) });
  }
  return [...positions.values()];
};

const reportRefusals = ({ telemetry }: LaneContext, lane: Lane, decided: readonly FlattenedPiece[]): void => {
  const byCode = new Map<string, { count: number; readonly first: SourcePartition & { readonly offset: number } }>();
  for (const refusal of decided.flatMap(({ effects }) => effects.refusals)) {
    const seen = byCode.get(refusal.code);
    if (seen === undefined) byCode.set(refusal.code, { count: 1, first: refusal });
    else seen.count += 1;
  }
  for (const [code, { count, first }] of byCode) {
    telemetry.emit({ name: 'refused', phase: 'flatten', lane: lane.name, count, code, source: first.source, partition: first.partition, offset: first.offset });
  }
};
