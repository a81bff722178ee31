import { Failure, type FlatSchema, type LaneReads, type LaneTransaction, type LaneWrites, type RowStore, type RowWrite } from '@dsf/ports';
import type { EnsureTables } from './finish.ts';
import { carryOut, type StateWrite } from './intent.ts';

/** What a turn has decided so far. */
export interface Recorded {
  readonly rows: RowWrite[];
  readonly state: StateWrite[];
}

interface Recording {
  /** The transaction of the state, which has begun. */
  readonly transaction: LaneTransaction;
  readonly rowStore: RowStore;
  readonly reads: LaneReads;
  readonly ensureTables: EnsureTables;
  readonly schema: () => Promise<FlatSchema>;
}

/** The state's rows as the transaction sees them, the other database's as they are committed. */
const readsIn = (transaction: LaneTransaction, reads: LaneReads): LaneReads => ({
  readGroups: (instance, groups) => transaction.readGroups(instance, groups),
  readGroupsByRevision: (...question) => transaction.readGroupsByRevision(...question),
  readRequests: (lane, max) => transaction.readRequests(lane, max),
  readLiveInstances: (lane) => transaction.readLiveInstances(lane),
  readEnds: (source) => transaction.readEnds(source),
  readFailures: (at) => transaction.readFailures(at),
  readNeeded: (at) => transaction.readNeeded(at),
  readMessages: (source, ids) => transaction.readMessages(source, ids),
  readFrozen: (instance, groups) => transaction.readFrozen(instance, groups),
  readRaw: (range, max) => reads.readRaw(range, max),
  readFlat: (range, tables, max) => reads.readFlat(range, tables, max),
  findSince: (rows, range, time) => reads.findSince(rows, range, time),
});

/** Keeps rows until the turn is closed. */
const recordRows = (recorded: Recorded, { rowStore, ensureTables, schema }: Pick<Recording, 'rowStore' | 'ensureTables' | 'schema'>) => {
  let isOpen = true;
  let doom: { readonly error: unknown } | null = null;
  const assertOpen = (): void => {
    if (!isOpen) throw new Failure('fatal', 'warehouse.transaction-over', 'a call came after its transaction had ended: await every call');
    if (doom !== null) throw doom.error;
  };
  /** The first error dooms the turn, also when the work catches it, as it does a transaction. */
  const row = async (write: RowWrite): Promise<void> => {
    assertOpen();
    try {
      await ensureTables([write]);
      rowStore.check([write], await schema());
    } catch (error) {
      doom ??= { error };
      throw error;
    }
    recorded.rows.push(write);
  };

  const close = (): void => {
    assertOpen();
    isOpen = false;
  };
  return { row, assertOpen, close };
};

/**
 * A lane's transaction that keeps what is written. What goes to the state is written at once, too: a turn without rows for the other database
 * is the transaction that it always was, and with rows it is rolled back and done again when they are written; so what the state would not
 * take is refused before anything is promised. Reads see the transaction's own writes, but of rows what was committed before.
 */
export const recordTurn = ({
  transaction,
  rowStore,
  reads,
  ensureTables,
  schema,
}: Recording): { readonly turn: LaneTransaction; readonly recorded: Recorded; readonly close: () => void } => {
  const recorded: Recorded = { rows: [], state: [] };
  const generation = transaction.seq;

  const state = async (write: StateWrite): Promise<void> => {
    recorded.state.push(write);
    await carryOut(transaction, write);
  };
  const { row, assertOpen, close } = recordRows(recorded, { rowStore, ensureTables, schema });
  const writes: LaneWrites = {
    writePositions: (positions) => state({ kind: 'positions', positions }),
    writeFacts: (facts) => state({ kind: 'facts', facts }),
    async writeRaw(rows) {
      assertOpen();
      if (rows.length > 0) await row({ kind: 'raw', rows });
    },
    async writeFlat(rows, version, schemaVersion) {
      const current = await schema();
      if (current.version !== schemaVersion)
        throw new Failure('retry', 'warehouse.schema-changed', 'the tables have changed: load the schema and decide again', {
          known: schemaVersion,
          current: current.version,
        });
      await row({ kind: 'flat', rows, version, generation });
    },
    deleteFlat: (at) => row({ kind: 'tombstone', at, generation }),
    // What may go was decided, and written down as a horizon, in an earlier turn: that it is gone before this one commits changes nothing.
    purge: async (rows, range) => rowStore.purge(rows, range, await schema()),
    async writeGroups(instance, lane, rows) {
      if (rows.length > 0) await row({ kind: 'groups', instance, lane, rows });
      await state({ kind: 'groups', instance, lane, rows });
    },
    writeMessages: (at, messages) => state({ kind: 'messages', at, messages }),
    forgetMessages: (at, before, max) => state({ kind: 'forget', at, before, max }),
    writeFailures: (failures, now) => state({ kind: 'failures', failures, now }),
    async resolveFailures(phase, at, scopePrefix, now) {
      const open = await transaction.readFailures(at);
      await state({ kind: 'resolve', phase, at, scopePrefix, now });
      return open.filter((failure) => failure.phase === phase && failure.scope.startsWith(scopePrefix)).length;
    },
    writeRequests: (requests, now) => state({ kind: 'requests', requests, now }),
    closeRequests: (ids, now) => state({ kind: 'close', ids, now }),
    setInstanceLive: (lane, instance, live) => state({ kind: 'live', lane, instance, live }),
    freezeGroups: (instance, groups) => state({ kind: 'freeze', instance, groups }),
    takeIntent: () => transaction.takeIntent(),
  };

  // A turn with rows is another transaction in the end: what its version has to do with that, whoever finishes it looks at.
  const holdVersion: LaneTransaction['holdVersion'] = (version) => transaction.holdVersion(version);
  return { close, turn: { seq: transaction.seq, ...readsIn(transaction, reads), ...writes, holdVersion }, recorded };
};
