import { createHash } from 'node:crypto';
import type {
  RawRow,
  FlatRow,
  FlatSchema,
  FlatTable,
  GroupRow,
  LaneKey,
  LaneTransaction,
  Position,
  SchemaChange,
  Warehouse,
} from '@dsf/ports';
import { groupText } from '@dsf/messages';
import type { KeyPart } from '@dsf/messages';
import type { DriverInstance } from '@dsf/metadata';

/** What a server may lack that is not the engine itself but speaks its protocol. */
export type Lack =
  | 'one transaction'
  | 'any UTF-16'
  | 'brackets in names'
  | 'exact decimals in questions'
  | 'foreign keys in bulk loads'
  | 'columns of the same name'
  | 'deletion of fresh rows';

/** Unicode without NUL. */
export const isPlain = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/** What the parts of the warehouse contract share. */
export interface Room {
  readonly warehouse: () => Warehouse;
  /** Another handle on the same database; the caller closes it. */
  readonly open: () => Promise<Warehouse>;
  /** A number that no other test has: for sources, lanes and names. */
  readonly fresh: () => number;
  /** Whether the server can hold a text at all. */
  readonly takes: (text: string) => boolean;
  readonly lacks: (lack: Lack) => boolean;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A raw row whose bytes are no UTF-8 and hold every byte value. */
export const rawRow = (source: number, offset: number, parts: Partial<RawRow> = {}): RawRow => {
  const payload = Uint8Array.from({ length: 256 + (offset % 16) }, (_, index) => (index * 7 + offset) % 256);
  return {
    source,
    partition: 0,
    offset,
    time: 1_700_000_000_000 + (offset % 1000),
    timeType: 'create',
    ingestedAt: 1_700_000_000_500 + (offset % 1000),
    key: bytes(`key-${offset}`),
    headers: [],
    payload,
    topic: 'orders',
    sha256: new Uint8Array(createHash('sha256').update(payload).digest()),
    ...parts,
  };
};

export const position = (source: number, next: number, parts: Partial<Position> = {}): Position => ({
  source,
  partition: 0,
  next,
  start: 0,
  time: null,
  idle: false,
  version: 1,
  counters: { written: next, failed: 0, filtered: 0, absent: 0, duplicates: 0, refills: 0 },
  ...parts,
});

/** Takes the lane's next turn, whatever its seq is. */
export const turn = async <T>(warehouse: Warehouse, lane: LaneKey, work: (transaction: LaneTransaction) => Promise<T>): Promise<T> => {
  const { seq } = await warehouse.loadLane(lane);
  return warehouse.transact(lane, seq, work);
};

export const everything = (source: number): { source: number; partition: number; from: number; to: number } => ({
  source,
  partition: 0,
  from: 0,
  to: Number.MAX_SAFE_INTEGER,
});

export const tableOf = (schema: FlatSchema, source: number, path: string): FlatTable => {
  const found = schema.tables.find((table) => table.source === source && table.path === path);
  if (found === undefined) throw new Error(`no table for ${source} '${path}'`);
  return found;
};

/** Root and child table of orders: `total` bigint, `note` text; items with `sku` text. */
export const ordersTables = (source: number): readonly SchemaChange[] => [
  { kind: 'table', source, path: '', parentPath: null, name: `orders_${source}` },
  { kind: 'table', source, path: 'items', parentPath: '', name: `orders_${source}__items` },
  { kind: 'column', source, tablePath: '', path: 'total', name: 'total', type: 'bigint', role: 'value' },
  { kind: 'column', source, tablePath: '', path: 'note', name: 'note', type: 'text', role: 'value' },
  { kind: 'column', source, tablePath: 'items', path: 'items.sku', name: 'sku', type: 'text', role: 'value' },
];

export const rootRow = (offset: number, cells: FlatRow['cells'], parts: Partial<FlatRow> = {}): FlatRow => ({
  offset,
  row: 0,
  parentRow: null,
  listIdx: null,
  listIdx2: null,
  shape: null,
  time: 1_700_000_000_000,
  ingestedAt: 1_700_000_000_001,
  cells,
  ...parts,
});

export const childRow = (offset: number, row: number, cells: FlatRow['cells'], parts: Partial<FlatRow> = {}): FlatRow => ({
  ...rootRow(offset, cells),
  row,
  parentRow: 0,
  listIdx: row,
  time: null,
  ingestedAt: null,
  ...parts,
});

export const driverInstance = (name: string, hash: string, parts: Partial<DriverInstance> = {}): DriverInstance => ({
  instance: `${name}@${hash}`,
  name,
  inputs: [],
  key: ['country'],
  windowMs: null,
  measures: [
    { name: 'orders', function: 'count', type: 'bigint', max: 100 },
    { name: 'revenue', function: 'sum', type: 'decimal', max: 100 },
  ],
  ...parts,
});

export const groupRow = (instance: string, key: readonly KeyPart[], revision: number, parts: Partial<GroupRow> = {}): GroupRow => ({
  instance,
  key,
  group: groupText(key, parts.window ?? null),
  window: null,
  windowEnd: null,
  revision,
  reason: 'update',
  time: 1_700_000_000_000,
  version: 1,
  status: 'live',
  measures: [{ n: '1' }, { n: '12.5' }],
  states: [{ n: '1' }, { n: '12.5' }],
  ...parts,
});
