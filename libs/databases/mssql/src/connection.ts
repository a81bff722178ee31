import { ISOLATION_LEVEL, Request, type Connection as Wire } from 'tedious';
import type { Schemas } from './config.ts';
import { document, type Statement } from './sql.ts';
import type { DataType } from './tedious-types.ts';
import { asDriverRows, carryingTypes, listWriter, writtenRows } from './wire-rows.ts';

export type Cell = null | boolean | number | bigint | string | Date | Uint8Array;
export type Row = readonly Cell[];

/** A column of a bulk load, typed as it goes over the wire; the server converts to the type of the table. */
export interface BulkColumn {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** For text and bytes; Infinity is `max`. */
  readonly length?: number;
  /** Digits of a second, for times. */
  readonly scale?: number;
}

export type BulkRow = readonly unknown[];

/** A column of a question's answer. */
export interface AskedColumn {
  readonly name: string;
  readonly sqlType: string;
  readonly isDecimal: boolean;
  readonly isBigint: boolean;
  readonly isDateOnly: boolean;
  readonly precision: number;
}

export interface AskedAnswer {
  readonly columns: readonly AskedColumn[];
  readonly rows: readonly Row[];
  /** How many tables came back. */
  readonly sets: number;
}

/** How often the network was asked, for the benchmark. */
export interface Traffic {
  roundTrips: number;
  transactions: number;
}

/** One connection: one statement at a time. All methods reject with the driver's own errors. */
export interface Connection {
  readonly schemas: Schemas;
  /** A batch without parameters: DDL, settings, temporary tables that outlive the statement. */
  exec(batch: string): Promise<void>;
  /** A statement with parameters; resolves to the number of rows that it changed. */
  run(statement: Statement): Promise<number>;
  all(statement: Statement): Promise<readonly Row[]>;
  first(statement: Statement): Promise<Row | undefined>;
  /**
   * Loads rows in bulk, with constraints checked and NULL kept.
   * @param table - quoted; columns by their own names
   */
  bulk(table: string, columns: readonly BulkColumn[], rows: readonly BulkRow[]): Promise<void>;
  /** As `bulk`, of rows that are bytes already: wire-rows.ts. */
  load(table: string, columns: readonly BulkColumn[], chunks: Iterable<Buffer>): Promise<void>;
  /** Runs a user's statement as it is and stops it after `max` rows. */
  ask(question: string, max: number): Promise<AskedAnswer>;
  /** The columns that a user's statement would give, without running it. */
  describe(question: string): Promise<readonly AskedColumn[]>;
  /**
   * @param first - a batch without parameters, sent together with the beginning: a round trip less
   * @returns the rows of that batch
   */
  begin(isolation: 'read-committed' | 'snapshot', first?: string): Promise<readonly Row[]>;
  commit(): Promise<void>;
  /** Ends what is open, if anything is; resolves also when the connection is gone. */
  rollBack(): Promise<void>;
}

const isolationLevels = {
  'read-committed': { level: ISOLATION_LEVEL.READ_COMMITTED, words: 'READ COMMITTED' },
  snapshot: { level: ISOLATION_LEVEL.SNAPSHOT, words: 'SNAPSHOT' },
} as const;

interface Answer {
  readonly rows: readonly Row[];
  readonly changed: number;
}

const columnValue = ({ value }: { readonly value: unknown }): Cell => value as Cell;

/** @param via - `batch` where the statement has no parameters: its temporary tables stay */
const ask = (wire: Wire, statement: Statement, via: 'batch' | 'call'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const rows: Row[] = [];
    const request = new Request(statement.text, (error, changed) => {
      if (error) reject(error);
      else resolve({ rows, changed: changed ?? 0 });
    });
    request.on('row', (columns: readonly { readonly value: unknown }[]) => {
      rows.push(columns.map(columnValue));
    });
    for (const [index, { type, value, length }] of statement.binds.entries())
      request.addParameter(`p${index + 1}`, type, value, length === undefined ? {} : { length });
    if (via === 'batch') wire.execSqlBatch(request);
    else wire.execSql(request);
  });

/** What tedious tells of a column; the parts that are asked for. */
interface WireColumn {
  readonly colName: string;
  readonly type: { readonly name: string };
  readonly precision?: number | undefined;
  readonly dataLength?: number | undefined;
}

const askedColumn = ({ colName, type, precision, dataLength }: WireColumn): AskedColumn => ({
  name: colName,
  sqlType: type.name,
  isDecimal: type.name === 'DecimalN' || type.name === 'NumericN',
  isBigint: type.name === 'BigInt' || (type.name === 'IntN' && dataLength === 8),
  isDateOnly: type.name === 'Date',
  precision: precision ?? 0,
});

const cancelledByUs: ReadonlySet<unknown> = new Set(['ECANCEL', 'ETIMEOUT']);

/** A user's statement: its first table, up to `max` rows. */
const askUser = (wire: Wire, question: string, max: number): Promise<AskedAnswer> =>
  new Promise((resolve, reject) => {
    const rows: Row[] = [];
    let columns: readonly AskedColumn[] = [];
    let sets = 0;
    let isCut = false;
    const request = new Request(question, (error) => {
      if (error && !(isCut && 'code' in error && cancelledByUs.has(error.code))) reject(error);
      else resolve({ columns, rows, sets });
    });
    request.on('columnMetadata', (found) => {
      sets += 1;
      if (sets === 1) columns = (found as unknown as readonly WireColumn[]).map(askedColumn);
    });
    request.on('row', (cells: readonly { readonly value: unknown }[]) => {
      if (sets > 1 || rows.length >= max) {
        if (!isCut) request.cancel();
        isCut = true;
        return;
      }
      rows.push(cells.map(columnValue));
    });
    wire.execSqlBatch(request);
  });

/** A row of sys.sp_describe_first_result_set: hidden, ordinal, name, nullable, type id, type name, length, precision, … */
const describedColumn = ([, , name, , , sqlType, , precision]: Row): AskedColumn => {
  const type = String(sqlType);
  return {
    name: typeof name === 'string' ? name : '',
    sqlType: type,
    isDecimal: /^(decimal|numeric)/.test(type),
    isBigint: type === 'bigint',
    isDateOnly: type === 'date',
    precision: Number(precision ?? 0),
  };
};

const load = (wire: Wire, table: string, columns: readonly BulkColumn[], chunks: Iterable<Buffer>): Promise<void> =>
  new Promise((resolve, reject) => {
    const bulk = wire.newBulkLoad(table, { checkConstraints: true, keepNulls: true }, (error) => {
      if (error) reject(error);
      else resolve();
    });
    const types = carryingTypes(columns);
    for (const [index, { name, type, nullable, length, scale }] of columns.entries()) {
      // tedious puts the name between brackets as it is, and fills columns by place when rows are arrays.
      bulk.addColumn(name.replaceAll(']', ']]'), types[index] ?? type, {
        nullable,
        ...(length === undefined ? {} : { length }),
        ...(scale === undefined ? {} : { scale }),
      });
    }
    wire.execBulkLoad(bulk, asDriverRows(chunks) as Iterable<never>);
  });

const callBack = (start: (done: (error?: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    start((error) => {
      if (error) reject(error);
      else resolve();
    });
  });

export const openConnection = (wire: Wire, schemas: Schemas, traffic: Traffic): Connection => {
  const counted = <T>(trips: number, action: () => Promise<T>): Promise<T> => {
    traffic.roundTrips += trips;
    return action();
  };
  const all = async (statement: Statement): Promise<readonly Row[]> =>
    (await counted(1, () => ask(wire, statement, statement.binds.length === 0 ? 'batch' : 'call'))).rows;
  // The statement, and then its rows.
  const loadCounted: Connection['load'] = (table, columns, chunks) => counted(2, () => load(wire, table, columns, chunks));
  return {
    schemas,
    exec: async (batch) => {
      await counted(1, () => ask(wire, { text: batch, binds: [] }, 'batch'));
    },
    run: async (statement) => (await counted(1, () => ask(wire, statement, 'call'))).changed,
    all,
    first: async (statement) => (await all(statement))[0],
    bulk: async (table, columns, rows) => {
      if (rows.length > 0) await loadCounted(table, columns, writtenRows(rows, listWriter(columns)));
    },
    load: loadCounted,
    ask: (question, max) => counted(1, () => askUser(wire, question, max)),
    describe: async (question) =>
      (await all({ text: 'EXEC sys.sp_describe_first_result_set @tsql = @p1', binds: [document(question)] })).map(describedColumn),
    begin: async (isolation, first) => {
      traffic.transactions += 1;
      const { level, words } = isolationLevels[isolation];
      if (first !== undefined) return all({ text: `SET TRANSACTION ISOLATION LEVEL ${words};\nBEGIN TRANSACTION;\n${first}`, binds: [] });
      await counted(1, () => callBack((done) => wire.beginTransaction(done, '', level)));
      return [];
    },
    commit: () => counted(1, () => callBack((done) => wire.commitTransaction(done))),
    rollBack: async () => {
      try {
        // XACT_ABORT may have ended it already; to roll back nothing would be an error.
        await counted(1, () => ask(wire, { text: 'IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION', binds: [] }, 'batch'));
      } catch {
        // The connection is gone, and with it the transaction; the error that brought us here is the one to tell.
        wire.close();
      }
    },
  };
};
