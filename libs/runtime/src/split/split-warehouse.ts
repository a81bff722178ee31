import { Failure, type LaneReads, type RowStore, type Warehouse, type WarehouseCapabilities } from '@dsf/ports';
import { overtaken } from '../overtaken.ts';
import { changesShown, createEnsureTables, createFinisher, taken, type EnsureTables } from './finish.ts';
import { encodeIntent, type Intent } from './intent.ts';
import { recordTurn, type Recorded } from './recorder.ts';

export interface SplitWarehouse {
  /** Keeps lanes, positions, intents, failures, requests, the path catalog, and the groups that are worked with; no raw and no flat rows. */
  readonly state: Warehouse;
  readonly rows: RowStore;
  /** Number of the catalog version in force. */
  readonly currentVersion: () => Promise<number>;
}

/** The narrower of two: names and columns have to be known to both. Decimals rest in the rows alone. */
const bothCapabilities = (state: WarehouseCapabilities, rows: WarehouseCapabilities): WarehouseCapabilities => ({
  ...rows,
  nameLengthMax: Math.min(state.nameLengthMax, rows.nameLengthMax),
  columnsMax: Math.min(state.columnsMax, rows.columnsMax),
});

const readsOf = ({ state, rows }: SplitWarehouse): LaneReads => ({
  ...state.committed,
  readRaw: (range, max) => rows.reads.readRaw(range, max),
  readFlat: async (range, tables, max) => rows.reads.readFlat(await state.schema(), { range, tables, max }),
  findSince: (kind, range, time) => rows.reads.findSince(kind, range, time),
});

/** Folds by the database that has the rows. */
const foldsOf = ({ state, rows: { folds } }: SplitWarehouse): Pick<Warehouse, 'folds'> =>
  folds === undefined
    ? {}
    : {
        folds: {
          estimate: async (...question) => folds.estimate(await state.schema(), ...question),
          run: async (...question) => folds.run(await state.schema(), ...question),
        },
      };

const createTransact = (parts: SplitWarehouse, reads: LaneReads, ensureTables: EnsureTables): Warehouse['transact'] => {
  const { state, rows, currentVersion } = parts;
  const { finish, finishPending } = createFinisher(parts, ensureTables);
  return async (lane, seq, work) => {
    const version = await currentVersion();
    let isPending = false;
    let showsAnother = false;
    let decided: { readonly value: Awaited<ReturnType<typeof work>>; readonly recorded: Recorded } | null = null;
    try {
      const done = await state.transact(lane, seq, async (transaction) => {
        isPending = (await transaction.takeIntent()) !== null;
        if (isPending) throw taken(lane);
        const { turn, recorded, close } = recordTurn({ transaction, rowStore: rows, reads, ensureTables, schema: () => state.schema() });
        const value = await work(turn);
        close();
        if (recorded.rows.length === 0) {
          showsAnother = changesShown(recorded.state);
          return value;
        }
        decided = { value, recorded };
        throw new Failure('retry', 'lane.intends', 'the turn has rows for another database: it is written down first', { ...lane });
      });
      if (showsAnother) await rows.show(await state.inspect.shownInstances());
      return done;
    } catch (error) {
      // Rolled back: nothing of it has happened, and the lane is as it was.
      if (isPending) await finishPending(lane);
      if (decided === null) throw error;
    }
    const { value, recorded } = decided as { readonly value: Awaited<ReturnType<typeof work>>; readonly recorded: Recorded };
    const intent: Intent = { seq, version, ...recorded };
    await state.intend(lane, seq, encodeIntent(intent));
    if (await finish(lane, intent, (rest) => state.transact(lane, seq, rest))) return value;
    throw overtaken(lane);
  };
};

/**
 * One warehouse made of a state database and a store of rows that share no transaction (delivery rule 10). A turn with rows is first written down
 * as an intent, whole; then its rows are appended; then one transaction of the state ends the intent and does the rest of it. Whoever comes to
 * the lane meanwhile, its owner after an error or another, finishes the intent as it was written before he does anything of his own: so all
 * copies of a row are equal, and no position is committed before its rows.
 */
export const openSplitWarehouse = (parts: SplitWarehouse): Warehouse => {
  const { state, rows } = parts;
  const ensureTables = createEnsureTables(parts);
  const { finishPending } = createFinisher(parts, ensureTables);
  const reads = readsOf(parts);
  const show = async (): Promise<void> => rows.show(await state.inspect.shownInstances());
  return {
    ...state,
    capabilities: bothCapabilities(state.capabilities, rows.capabilities),
    transact: createTransact(parts, reads, ensureTables),
    committed: reads,
    ...foldsOf(parts),
    async evolve(plan) {
      const schema = await state.evolve(plan);
      await rows.follow(schema);
      return schema;
    },
    async ensureSummaryTables(instances) {
      await state.ensureSummaryTables(instances);
      const wanted = new Set(instances.map(({ instance }) => instance));
      await rows.ensureSummaryTables((await state.inspect.instances()).filter(({ instance }) => wanted.has(instance)));
      await show();
    },
    // Nobody else has a turn meanwhile, so what lanes have begun is finished here: seqs and positions are what they will be.
    administer: (work) =>
      state.administer(async (administering) => {
        for (const lane of await administering.intents()) await finishPending(lane, (turn) => administering.turn(lane, turn));
        return work(administering);
      }),
    inspect: {
      ...state.inspect,
      tables: async () => rows.tables(await state.schema(), await state.inspect.shownInstances()),
      query: (sql, max) => rows.query(sql, max),
    },
    async close() {
      await rows.close();
      await state.close();
    },
  };
};
