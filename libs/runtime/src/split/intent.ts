import {
  Failure,
  type FlatRows,
  type FlatSchema,
  type GroupRow,
  type LaneState,
  type LaneTransaction,
  type PhaseName,
  type Position,
  type RecordFailure,
  type Request,
  type RowWrite,
  type SentMessage,
} from '@dsf/ports';
import type { SourcePartition } from '@dsf/messages';
import { decodeData, encodeData } from './data-text.ts';

type RecordAt = SourcePartition & { readonly offset: number };

/** What a lane's turn does to the state, as data: it is done when the rows are written, by whoever comes to it. */
export type StateWrite =
  | { readonly kind: 'positions'; readonly positions: readonly Position[] }
  | { readonly kind: 'facts'; readonly facts: LaneState['facts'] }
  | { readonly kind: 'groups'; readonly instance: string; readonly lane: number; readonly rows: readonly GroupRow[] }
  | { readonly kind: 'failures'; readonly failures: readonly RecordFailure[]; readonly now: number }
  | {
      readonly kind: 'resolve';
      readonly phase: PhaseName;
      readonly at: RecordAt;
      readonly scopePrefix: string;
      readonly now: number;
    }
  | { readonly kind: 'requests'; readonly requests: readonly Omit<Request, 'id'>[]; readonly now: number }
  | { readonly kind: 'close'; readonly ids: readonly number[]; readonly now: number }
  | { readonly kind: 'live'; readonly lane: number; readonly instance: string; readonly live: boolean }
  | { readonly kind: 'freeze'; readonly instance: string; readonly groups: readonly string[] }
  | { readonly kind: 'messages'; readonly at: SourcePartition; readonly messages: readonly SentMessage[] }
  | { readonly kind: 'forget'; readonly at: SourcePartition; readonly before: number; readonly max: number };

/** Everything that a lane's turn has decided. All that is to be known of it, so that nobody has to decide it again. */
export interface Intent {
  /** Seq of the lane when it was decided. */
  readonly seq: number;
  /** Catalog version in force when it was decided. */
  readonly version: number;
  readonly rows: readonly RowWrite[];
  readonly state: readonly StateWrite[];
}

/** Grows when what an intent says changes: an intent may be finished by a newer DSF than made it. */
const format = 1;

/** Tables by id: they have columns of their own by the time at which the intent is finished. */
const withoutTables = (write: RowWrite): unknown =>
  write.kind !== 'flat'
    ? write
    : { ...write, rows: { ...write.rows, tables: write.rows.tables.map(({ table, rows }) => ({ table: table.id, rows })) } };

export const encodeIntent = ({ rows, ...intent }: Intent): Uint8Array =>
  new TextEncoder().encode(encodeData({ format, ...intent, rows: rows.map(withoutTables) }));

/** Rows as they rest in an intent. */
interface StoredRows extends SourcePartition {
  readonly tables: readonly { readonly table: number; readonly rows: FlatRows['tables'][number]['rows'] }[];
}

const flatRowsOf = (stored: StoredRows, schema: FlatSchema): FlatRows => {
  const tables = new Map(schema.tables.map((table) => [table.id, table]));
  return {
    ...stored,
    tables: stored.tables.map(({ table: id, rows }) => {
      const table = tables.get(id);
      if (table === undefined) throw unreadable(`it has rows of table ${id}, which the path catalog does not know`);
      return { table, rows };
    }),
  };
};

const unreadable = (why: string): Failure =>
  new Failure(
    'fatal',
    'lane.intent-unreadable',
    `what a lane had begun cannot be finished: ${why}. Run the version of DSF that began it, or restore the state database.`,
  );

/** @throws Failure `fatal` `lane.intent-unreadable` */
export const decodeIntent = (body: Uint8Array, schema: FlatSchema): Intent => {
  const stored = decodeData(new TextDecoder().decode(body)) as Intent & { readonly format: number };
  if (stored.format !== format) throw unreadable(`it is of format ${stored.format}, this version knows ${format}`);
  return {
    seq: stored.seq,
    version: stored.version,
    state: stored.state,
    rows: stored.rows.map((write) =>
      write.kind === 'flat' ? { ...write, rows: flatRowsOf(write.rows as unknown as StoredRows, schema) } : write,
    ),
  };
};

/** Does one write of an intent in a transaction of the state. */
export const carryOut = async (transaction: LaneTransaction, write: StateWrite): Promise<void> => {
  switch (write.kind) {
    case 'positions':
      return transaction.writePositions(write.positions);
    case 'facts':
      return transaction.writeFacts(write.facts);
    case 'groups':
      return transaction.writeGroups(write.instance, write.lane, write.rows);
    case 'failures':
      return transaction.writeFailures(write.failures, write.now);
    case 'resolve':
      await transaction.resolveFailures(write.phase, write.at, write.scopePrefix, write.now);
      return;
    case 'requests':
      return transaction.writeRequests(write.requests, write.now);
    case 'close':
      return transaction.closeRequests(write.ids, write.now);
    case 'live':
      return transaction.setInstanceLive(write.lane, write.instance, write.live);
    case 'messages':
      return transaction.writeMessages(write.at, write.messages);
    case 'forget':
      return transaction.forgetMessages(write.at, write.before, write.max);
    case 'freeze':
      return transaction.freezeGroups(write.instance, write.groups);
  }
};
