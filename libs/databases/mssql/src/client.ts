import mssql from 'mssql';
import type { Connection as Wire } from 'tedious';
import { Failure } from '@dsf/ports';
import type { FailureFacts, PoolUse } from '@dsf/ports';
import { isSchemaName, schemasOf, type MssqlConfig, type Schemas } from './config.ts';
import { openConnection, type Connection, type Row, type Traffic } from './connection.ts';
import { integer, sql, text } from './sql.ts';
import { createSnapshotReads } from './snapshot-reads.ts';
import { commitFailureOf, failureOf, refusedLater } from './verdict.ts';
import { wireOptions } from './wire-options.ts';

/** The pool of one process for one database. Handles of the same configuration share it. */
export interface MssqlClient {
  readonly schemas: Schemas;
  readonly traffic: Traffic;
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it rejects.
   * @param first - a batch that the transaction begins with, in the same round trip; `work` is given its rows
   */
  write<T>(work: (connection: Connection, rows: readonly Row[]) => Promise<T>, first?: string): Promise<T>;
  /** As `write`, but one at a time among all processes that use the same name in this installation. */
  writeAlone<T>(lock: 'schema' | 'config' | 'lanes', work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Runs one statement on what is committed. */
  read<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Runs several on one snapshot of what is committed, where the database allows snapshots; else each sees what is committed when it begins. */
  snapshot<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** A connection of one's own that is closed afterwards: what was set on it touches nobody. */
  apart<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  pool(): PoolUse;
  /** Gives the handle back; the last one closes the pool. */
  close(): Promise<void>;
}

/** What `mssql` offers for those who need the connection itself; its types leave it out. */
interface Pool {
  connect(): Promise<unknown>;
  acquire(requester: object): Promise<Wire>;
  release(wire: Wire): void;
  close(): Promise<void>;
  readonly borrowed: number;
  readonly available: number;
  readonly pending: number;
  on(event: 'error', listener: (error: unknown) => void): void;
}

const placeOf = (config: MssqlConfig): FailureFacts => ({
  server: config.server,
  database: config.database,
  // Advice depends on it: login-advice.ts.
  login: config.login.kind,
  ...(config.port === undefined ? {} : { port: config.port }),
  ...(config.instance === undefined ? {} : { instance: config.instance }),
});

const openPool = (config: MssqlConfig): Pool => {
  const pool = new mssql.ConnectionPool(wireOptions(config)) as unknown as Pool;
  // A connection that breaks while it is idle is thrown away; who uses it next gets another one.
  pool.on('error', () => undefined);
  return pool;
};

interface Channel {
  readonly acquire: () => Promise<{ readonly wire: Wire; readonly connection: Connection }>;
  readonly pool: Pool;
  readonly facts: FailureFacts;
}

const addressOf = ({ server, instance, port }: MssqlConfig): string =>
  `${server}${instance === undefined ? '' : `\\${instance}`}${port === undefined ? '' : `:${port}`}`;

/** Nobody answers: a firewall that drops what it does not like, and a slow name server, show as a timeout. */
const unanswered: ReadonlySet<string> = new Set(['warehouse.away', 'warehouse.timeout']);

/** Errors before anything was done: they name the settings that lead here. */
const cannotConnect = (error: unknown, config: MssqlConfig): unknown => {
  const facts = placeOf(config);
  const failure = failureOf(error, facts);
  const where = addressOf(config);
  if (failure instanceof Failure && unanswered.has(failure.code))
    return new Failure('retry', 'warehouse.away', `${failure.message} (DSF_MSSQL_SERVER, DSF_MSSQL_PORT: ${where})`, failure.facts, {
      cause: error,
    });
  if (failure instanceof Failure) return failure;
  const words = `SQL Server at ${where} cannot be reached: ${String(error)}; check DSF_MSSQL_SERVER and DSF_MSSQL_PORT`;
  return new Failure('retry', 'warehouse.away', words, facts, { cause: error });
};

const lockTimeoutOf = (config: MssqlConfig): number => config.lockTimeoutMs ?? 15_000;

const openChannel = (config: MssqlConfig, schemas: Schemas, traffic: Traffic): Channel => {
  const pool = openPool(config);
  const opened = new WeakMap<Wire, Connection>();
  // The pool takes its first connection to see whether there is a server; when there was none, the next one who needs it asks again.
  let connecting: Promise<unknown> | null = null;
  let hasWorked = false;

  const connected = async (): Promise<void> => {
    connecting ??= pool.connect();
    try {
      await connecting;
    } catch (error) {
      connecting = null;
      throw error;
    }
  };
  const prepare = async (wire: Wire): Promise<Connection> => {
    const known = opened.get(wire);
    if (known !== undefined) return known;
    const connection = openConnection(wire, schemas, traffic);
    await connection.exec(`SET LOCK_TIMEOUT ${lockTimeoutOf(config)}`);
    opened.set(wire, connection);
    return connection;
  };
  const take = async (): Promise<{ readonly wire: Wire; readonly connection: Connection }> => {
    await connected();
    const wire = await pool.acquire({});
    try {
      return { wire, connection: await prepare(wire) };
    } catch (error) {
      wire.close();
      pool.release(wire);
      throw error;
    }
  };
  const acquire = async (): ReturnType<typeof take> => {
    try {
      const taken = await take();
      hasWorked = true;
      return taken;
    } catch (error) {
      const failure = cannotConnect(error, config);
      throw hasWorked ? refusedLater(failure) : failure;
    }
  };
  return { acquire, pool, facts: placeOf(config) };
};

const withConnection = async <T>({ acquire, pool, facts }: Channel, work: (connection: Connection) => Promise<T>): Promise<T> => {
  const { wire, connection } = await acquire();
  try {
    return await work(connection);
  } catch (error) {
    throw failureOf(error, facts);
  } finally {
    pool.release(wire);
  }
};

const transact = <T>(
  channel: Channel,
  isolation: 'read-committed' | 'snapshot',
  work: (connection: Connection, rows: readonly Row[]) => Promise<T>,
  first?: string,
): Promise<T> =>
  withConnection(channel, async (connection) => {
    let result: T;
    try {
      result = await work(connection, await connection.begin(isolation, first));
    } catch (error) {
      await connection.rollBack();
      throw error;
    }
    try {
      await connection.commit();
    } catch (error) {
      await connection.rollBack();
      throw commitFailureOf(error, channel.facts);
    }
    return result;
  });

const attemptsMax = 5;

/**
 * A system-versioned row is stamped with the time at which its transaction began, and refuses one that began before its last change, as one that
 * waited for the lock may have (13535). The next attempt begins later.
 */
const untilNotOvertaken = async <T>(attempt: () => Promise<T>, attempts = 1): Promise<T> => {
  try {
    return await attempt();
  } catch (error) {
    const isOvertaken = error instanceof Failure && error.facts['mssqlNumber'] === 13_535;
    if (!isOvertaken || attempts >= attemptsMax) throw error;
    return untilNotOvertaken(attempt, attempts + 1);
  }
};

const createClient = async (config: MssqlConfig, schemas: Schemas): Promise<MssqlClient> => {
  const traffic: Traffic = { roundTrips: 0, transactions: 0 };
  const channel = openChannel(config, schemas, traffic);
  const { pool } = channel;
  // Whoever is alone changes tables or definitions, which may take as long as a statement may.
  const aloneTimeoutMs = config.requestTimeoutMs ?? 60_000;
  const allowsSnapshots = async (connection: Connection): Promise<boolean> => {
    const row = await connection.first(sql`SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()`);
    return Number(row?.[0] ?? 0) === 1;
  };
  return {
    schemas,
    traffic,
    write: (work, first) => transact(channel, 'read-committed', work, first),
    writeAlone: (lock, work) =>
      untilNotOvertaken(() =>
        transact(channel, 'read-committed', async (connection) => {
          await takeLock(connection, `dsf:${schemas.base}:${lock}`, aloneTimeoutMs);
          return work(connection);
        }),
      ),
    read: (work) => withConnection(channel, work),
    snapshot: createSnapshotReads<Connection>({
      allowed: () => withConnection(channel, allowsSnapshots),
      onSnapshot: (work) => transact(channel, 'snapshot', work),
      plainly: (work) => withConnection(channel, work),
    }),
    apart: async (work) => {
      const own = openChannel({ ...config, poolMax: 1 }, schemas, traffic);
      try {
        return await withConnection(own, work);
      } finally {
        await own.pool.close();
      }
    },
    pool: () => ({ used: pool.borrowed, idle: pool.available, waiting: pool.pending, max: config.poolMax ?? 10 }),
    close: () => pool.close(),
  };
};

/** Held until the transaction ends. @throws Failure `retry` `warehouse.lock-timeout` */
const takeLock = async (connection: Connection, resource: string, timeoutMs: number): Promise<void> => {
  const row = await connection.first(
    sql`DECLARE @result int; EXEC @result = sp_getapplock @Resource = ${text(resource)}, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = ${integer(timeoutMs)}; SELECT @result`,
  );
  const result = Number(row?.[0] ?? -999);
  if (result < 0)
    throw new Failure('retry', 'warehouse.lock-timeout', `another process has held the application lock ${resource} for ${timeoutMs} ms`, {
      resource,
      result,
    });
};

interface SharedClient {
  readonly client: Promise<MssqlClient>;
  handles: number;
}

const shared = new Map<string, SharedClient>();

/**
 * Opens a database, or shares the pool that this process has for it. Nothing is connected before it is needed.
 * @throws Failure `fatal` `warehouse.schema-name`, `warehouse.ca-file`
 */
export const openMssqlClient = async (config: MssqlConfig): Promise<MssqlClient> => {
  const base = config.schema ?? 'dsf';
  if (!isSchemaName(base))
    throw new Failure(
      'fatal',
      'warehouse.schema-name',
      `"${base}" cannot name schemas: set DSF_MSSQL_SCHEMA to letters, digits and _, at most 100`,
      {
        schema: base,
      },
    );
  const key = JSON.stringify(config);
  const entry = shared.get(key) ?? { client: createClient(config, schemasOf(base)), handles: 0 };
  shared.set(key, entry);
  entry.handles += 1;
  const release = (): boolean => {
    entry.handles -= 1;
    if (entry.handles === 0) shared.delete(key);
    return entry.handles === 0;
  };
  const client = await entry.client.catch((error: unknown) => {
    release();
    throw error;
  });
  let isOpen = true;
  const whileOpen = <T>(action: () => Promise<T>): Promise<T> =>
    isOpen ? action() : Promise.reject(new Failure('fatal', 'warehouse.closed', 'this handle was closed', { database: config.database }));
  return {
    schemas: client.schemas,
    traffic: client.traffic,
    write: (work, first) => whileOpen(() => client.write(work, first)),
    writeAlone: (lock, work) => whileOpen(() => client.writeAlone(lock, work)),
    read: (work) => whileOpen(() => client.read(work)),
    snapshot: (work) => whileOpen(() => client.snapshot(work)),
    apart: (work) => whileOpen(() => client.apart(work)),
    pool: () => client.pool(),
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      if (release()) await client.close();
    },
  };
};
