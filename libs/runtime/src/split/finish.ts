import { Failure, type LaneKey, type LaneTransaction, type Request, type RowWrite } from '@dsf/ports';
import { carryOut, decodeIntent, type Intent } from './intent.ts';
import type { SplitWarehouse } from './split-warehouse.ts';

/** Runs one turn of the lane, in a transaction of the state of its own or as part of another. */
export type InTransaction = (work: (transaction: LaneTransaction) => Promise<void>) => Promise<void>;

export const taken = (lane: LaneKey): Failure =>
  new Failure('retry', 'lane.lost', 'what the lane had begun was finished first: reload it', { ...lane });

/** Makes the tables of the driver instances that rows are of. */
export type EnsureTables = (writes: readonly RowWrite[]) => Promise<void>;

/** Layouts rest in the state; a store of rows is told of those that this process writes to. */
export const createEnsureTables = ({ state, rows }: SplitWarehouse): EnsureTables => {
  const known = new Set<string>();
  return async (writes) => {
    const unknown = writes.flatMap((write) => (write.kind === 'groups' && !known.has(write.instance) ? [write.instance] : []));
    if (unknown.length === 0) return;
    const layouts = await state.inspect.instances();
    await rows.ensureSummaryTables(layouts.filter(({ instance }) => unknown.includes(instance)));
    for (const { instance } of layouts) if (unknown.includes(instance)) known.add(instance);
  };
};

type RecordAt = Extract<RowWrite, { kind: 'tombstone' }>['at'];

const recordKey = ({ source, partition, offset }: RecordAt): string => `${source}:${partition}:${offset}`;

/** A record that has new rows in the same turn needs no tombstone. */
const rowsOf = ({ rows }: Intent): readonly RowWrite[] => {
  const roots = new Set(
    rows.flatMap((write) =>
      write.kind === 'flat'
        ? write.rows.tables
            .filter(({ table }) => table.parent === null)
            .flatMap((root) => root.rows.map(({ offset }) => recordKey({ ...write.rows, offset })))
        : [],
    ),
  );
  return rows.filter((write) => write.kind !== 'tombstone' || !roots.has(recordKey(write.at)));
};

/** Whether readers of a driver may have to be shown another instance when these are committed. */
export const changesShown = (writes: Intent['state']): boolean => writes.some(({ kind }) => kind === 'live');

/** When it was decided, UTC ms. */
const timeOf = ({ state }: Intent): number => state.reduce((latest, write) => ('now' in write ? Math.max(latest, write.now) : latest), 0);

/** Finishes what lanes have begun: any number of processes may do so with the same intent at once. */
export const createFinisher = ({ state, rows, currentVersion }: SplitWarehouse, ensureTables: EnsureTables) => {
  /**
   * A replay asks for the groups that its drivers touch. A driver that was activated since it was decided may have folded the record's old rows
   * before the new ones were there, and is in no request; so every instance is folded again that has begun to fold by now (delivery rule 8).
   */
  const lateRequests = async (intent: Intent): Promise<readonly Omit<Request, 'id'>[]> => {
    const replayed = intent.rows.flatMap((write) => (write.kind === 'tombstone' ? [write.at] : []));
    if (replayed.length === 0 || (await currentVersion()) === intent.version) return [];
    const lanes = (await state.inspect.lanes()).filter(({ phase }) => phase === 'summarise');
    const instances = await state.inspect.instances();
    return replayed.flatMap((after) =>
      lanes.flatMap(({ phase, source, lane }) =>
        instances.map(({ instance }) => ({ lane: { phase, source, lane }, body: { kind: 'rebuild', instance, after } }) as const),
      ),
    );
  };

  /**
   * Appends the rows of an intent, then does the rest of it in the transaction that ends it.
   * @returns false when an instance did not go live
   * @throws Failure `retry` `lane.lost` when somebody else ended it, `catalog.behind` when another version has just come into force
   */
  const finish = async (lane: LaneKey, intent: Intent, inTransaction: InTransaction): Promise<boolean> => {
    await ensureTables(intent.rows);
    await rows.append(rowsOf(intent), await state.schema());
    const late = await lateRequests(intent);
    const goesLive = intent.state.some((write) => write.kind === 'live' && write.live);
    // An instance goes live under the version in force alone. Where that is another by now, lives stay as they are, and the lane, which finds it so,
    // adopts what that version has: groups of an instance that is not live are shown to nobody.
    const isLate = goesLive && (await currentVersion()) !== intent.version;
    const writes = isLate ? intent.state.filter(({ kind }) => kind !== 'live') : intent.state;
    await inTransaction(async (transaction) => {
      if ((await transaction.takeIntent()) === null) throw taken(lane);
      for (const write of writes) await carryOut(transaction, write);
      if (late.length > 0) await transaction.writeRequests(late, timeOf(intent));
      if (goesLive && !isLate) await transaction.holdVersion(intent.version);
    });
    if (changesShown(writes)) await rows.show(await state.inspect.shownInstances());
    return !isLate;
  };

  /** @param inTransaction - default: a transaction of its own, on the seq at which the intent was decided. Does nothing where the lane has none. */
  const finishPending = async (lane: LaneKey, inTransaction?: InTransaction): Promise<void> => {
    const body = await state.readIntent(lane);
    if (body === null) return;
    const intent = decodeIntent(body, await state.schema());
    await finish(lane, intent, inTransaction ?? ((work) => state.transact(lane, intent.seq, work)));
  };

  return { finish, finishPending };
};
