/**
 * The floor: what one thread needs for JSON.parse of the same bytes and the same rows in the same SQLite tables, and nothing else. Hashes
 * are made before the time begins; statements are prepared once per width; 2,000 records of one partition go into a transaction.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { flatTables, rawColumns, type FlatTable, type RowSink } from './floor-rows.ts';
import { makeStream, partitions, sourceName, type Order, type StreamMessage } from './reference-stream.ts';
import type { FloorKind, Task, Usage } from './task.ts';
import { createUsage } from './usage.ts';

const recordsPerTransaction = 2000;
const rowsPerStatement = 128;
/** What the product's warehouse sets; syncs are SQLite's own, in the commit. */
const pragmas =
  'PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 8000';

/** Gathers rows and inserts them in statements as wide as possible; a batch is flushed table by table, parents before children. */
interface Inserter extends RowSink {
  flush(): void;
}

const createInserter = (database: DatabaseSync, table: string, columns: readonly string[]): Inserter => {
  const statements = new Map<number, StatementSync>();
  const row = `(${columns.map(() => '?').join()})`;
  const statementFor = (width: number): StatementSync => {
    const known = statements.get(width);
    if (known !== undefined) return known;
    const sql = `INSERT INTO "${table}" (${columns.map((name) => `"${name}"`).join()}) VALUES ${Array.from({ length: width }, () => row).join()}`;
    const made = database.prepare(sql);
    statements.set(width, made);
    return made;
  };
  const values: SQLInputValue[] = [];
  const flush = (): void => {
    for (let from = 0; from < values.length;) {
      const rows = (values.length - from) / columns.length;
      const width = Math.min(rowsPerStatement, 2 ** Math.floor(Math.log2(rows)));
      statementFor(width).run(...values.slice(from, from + width * columns.length));
      from += width * columns.length;
    }
    values.length = 0;
  };
  return { values, flush };
};

/** Makes the tables of the product's database again, and checks that all their columns are filled. */
const copyTables = (like: string, database: DatabaseSync, columnsOf: ReadonlyMap<string, readonly string[]>): void => {
  const product = new DatabaseSync(like, { readOnly: true });
  for (const [table, columns] of columnsOf) {
    const found = product.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table);
    if (typeof found?.['sql'] !== 'string') throw new Error(`the product has no table ${table}`);
    const wanted = product.prepare('SELECT name FROM pragma_table_info(?)').all(table);
    const missing = wanted.map(({ name }) => String(name)).filter((name) => !columns.includes(name));
    if (missing.length > 0 || wanted.length !== columns.length) throw new Error(`${table}: the floor does not fill ${missing.join(', ')}`);
    database.exec(found['sql']);
  }
  product.close();
};

interface Numbered extends StreamMessage {
  readonly offset: number;
  readonly sha256: Buffer;
}

/** Batches as the product reads them: of one partition each, the partitions in turn. */
const batchesOf = (records: number, passes: number): readonly (readonly Numbered[])[] => {
  const lanes: Numbered[][] = Array.from({ length: partitions }, () => []);
  const hashed = makeStream(records).messages.map((message) => ({ ...message, sha256: hash('sha256', message.body, 'buffer') }));
  for (let pass = 0; pass < passes; pass += 1) {
    for (const message of hashed) {
      const lane = lanes[message.partition];
      lane?.push({ ...message, offset: lane.length });
    }
  }
  const batches: (readonly Numbered[])[] = [];
  for (let from = 0; lanes.some((lane) => from < lane.length); from += recordsPerTransaction) {
    for (const lane of lanes) if (from < lane.length) batches.push(lane.slice(from, from + recordsPerTransaction));
  }
  return batches;
};

interface FlatSink {
  readonly bind: FlatTable['bind'];
  readonly sink: Inserter;
}

const writeBatch = (floor: FloorKind, batch: readonly Numbered[], raw: Inserter, flat: readonly FlatSink[]): void => {
  const now = Date.now();
  for (const { partition, offset, key, body, sha256 } of batch) {
    if (floor !== 'flat') {
      raw.values.push(1, partition, offset, sourceName, now, 'append', now, key, '[]', body, body.byteLength, sha256);
    }
    if (floor === 'raw') continue;
    const order = JSON.parse(body.toString('utf8')) as Order;
    const place = { partition, offset, now };
    for (const { bind, sink } of flat) bind(order, place, sink);
  }
  raw.flush();
  for (const { sink } of flat) sink.flush();
};

export const runFloor = ({ floor, records, passes = 1, like, folder }: Extract<Task, { kind: 'floor' }>): Usage => {
  const batches = batchesOf(records, passes);
  const database = new DatabaseSync(join(folder, 'floor.db'), { enableForeignKeyConstraints: true });
  database.exec(pragmas);
  copyTables(like, database, new Map([['dsf_raw', rawColumns], ...flatTables.map(({ name, columns }) => [name, columns] as const)]));
  const raw = createInserter(database, 'dsf_raw', rawColumns);
  const flat = flatTables.map(({ name, columns, bind }): FlatSink => ({ bind, sink: createInserter(database, name, columns) }));
  const usage = createUsage();
  usage.begin();
  for (const batch of batches) {
    database.exec('BEGIN IMMEDIATE');
    writeBatch(floor, batch, raw, flat);
    database.exec('COMMIT');
  }
  usage.mark();
  database.close();
  return usage.read();
};
