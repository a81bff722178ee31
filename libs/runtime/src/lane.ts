import { sourcePartitionKey, type SourcePartition } from '@dsf/messages';
import { fitScope } from '@dsf/ports';
import type { Counters, LaneKey, LaneState, LaneTransaction, Position, Warehouse } from '@dsf/ports';

export const noCounts: Counters = { written: 0, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 };

export const addCounts = (a: Counters, b: Partial<Counters>): Counters => ({
  written: a.written + (b.written ?? 0),
  failed: a.failed + (b.failed ?? 0),
  filtered: a.filtered + (b.filtered ?? 0),
  absent: a.absent + (b.absent ?? 0),
  duplicates: a.duplicates + (b.duplicates ?? 0),
  refills: a.refills + (b.refills ?? 0),
});

/**
 * What a worker remembers of its lane, and the only way to change it. After any error the memory is worth nothing: the transaction may or
 * may not have happened, and somebody else may have been here. So it is dropped, and read again before the next decision (delivery rule 1).
 */
export interface Lane {
  readonly key: LaneKey;
  readonly name: string;
  /** Seq of the last transaction that this worker made or read. */
  seq(): number;
  position(at: SourcePartition): Position | undefined;
  positions(): readonly Position[];
  facts(): LaneState['facts'];
  /** Seq that the lane had when its memory was last read: everything up to it was somebody else's to tell. */
  loadedSeq(): number;
  /** Counts transactions lost to others and reloads; a cache made under an older epoch must be dropped. */
  epoch(): number;
  /** Reads the lane again if its memory was dropped. */
  refresh(): Promise<void>;
  /**
   * Reads the lane again also if it has moved without us. A commit whose answer was lost may land after we have read the lane and found
   * nothing more to do; only a lane that has nothing to write needs to ask.
   */
  recheck(): Promise<void>;
  transact<T>(change: LaneChange, work: (transaction: LaneTransaction) => Promise<T>): Promise<T>;
}

/** What a transaction changes in the lane's own row; written with the rows, remembered when it has committed. */
export interface LaneChange {
  readonly positions?: readonly Position[];
  readonly facts?: LaneState['facts'];
}

export const laneName = ({ phase, source, lane }: LaneKey): string =>
  phase === 'ingest' ? `ingest/${source}/${lane}` : `${phase}/${lane}`;

/** The same transaction; of the scopes of failures, which may hold the whole key of a group, it writes what every database can hold. */
const fittingScopes = (transaction: LaneTransaction): LaneTransaction => {
  const writeFailures: LaneTransaction['writeFailures'] = (failures, now) =>
    transaction.writeFailures(
      failures.map((failure) => ({ ...failure, scope: fitScope(failure.scope) })),
      now,
    );
  return Object.create(transaction, { writeFailures: { value: writeFailures } }) as LaneTransaction;
};

export const openLane = (warehouse: Warehouse, key: LaneKey): Lane => {
  let state: { seq: number; positions: Map<string, Position>; facts: LaneState['facts'] } | null = null;
  let epoch = 0;
  let loadedSeq = 0;

  const remember = (loaded: LaneState): void => {
    epoch += 1;
    loadedSeq = loaded.seq;
    const positions = new Map(loaded.positions.map((position) => [sourcePartitionKey(position), position]));
    state = { seq: loaded.seq, positions, facts: loaded.facts };
  };

  const known = () => {
    if (state === null) throw new Error(`the memory of lane ${laneName(key)} was used before it was read`);
    return state;
  };

  return {
    key,
    name: laneName(key),
    seq: () => known().seq,
    position: (at) => known().positions.get(sourcePartitionKey(at)),
    positions: () => [...known().positions.values()],
    facts: () => known().facts,
    loadedSeq: () => loadedSeq,
    epoch: () => epoch,
    async refresh() {
      if (state === null) remember(await warehouse.loadLane(key));
    },
    async recheck() {
      const loaded = await warehouse.loadLane(key);
      if (loaded.seq !== state?.seq) remember(loaded);
    },
    async transact(change, work) {
      const before = known();
      state = null;
      const result = await warehouse.transact(key, before.seq, async (transaction) => {
        const value = await work(fittingScopes(transaction));
        if (change.positions !== undefined && change.positions.length > 0) await transaction.writePositions(change.positions);
        if (change.facts !== undefined) await transaction.writeFacts(change.facts);
        return value;
      });
      for (const position of change.positions ?? []) before.positions.set(sourcePartitionKey(position), position);
      state = { seq: before.seq + 1, positions: before.positions, facts: change.facts ?? before.facts };
      return result;
    },
  };
};
