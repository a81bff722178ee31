import { Failure, type LaneReads, type LaneTransaction, type Telemetry, type Tracer, type Warehouse } from '@dsf/ports';

interface Observing {
  readonly telemetry: Telemetry;
  readonly tracer: Tracer;
}

type Work = (...rest: never[]) => Promise<unknown>;

const operationNames = new Map<string, string>();

/** `readFlat` as the name of an operation: `read-flat`. Made once: a transaction asks for a dozen of them. */
const operationName = (method: string): string => {
  const known = operationNames.get(method);
  if (known !== undefined) return known;
  const name = method.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  operationNames.set(method, name);
  return name;
};

const createTimer =
  ({ telemetry }: Observing) =>
  async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const tell = (error: unknown): void => {
      const failure = error instanceof Failure ? error : null;
      const [result, code] = error === null ? (['ok', null] as const) : ([failure?.kind ?? 'fatal', failure?.code ?? 'internal'] as const);
      telemetry.emit({ name: 'database', operation, result, code, ms: performance.now() - startedAt });
    };
    try {
      const value = await work();
      tell(null);
      return value;
    } catch (error) {
      tell(error);
      throw error;
    }
  };

const reads = ['readRaw', 'readFlat', 'readGroups', 'readGroupsByRevision', 'readRequests', 'readLiveInstances', 'readFailures'] as const;
const writes = [
  ...['writePositions', 'writeFacts', 'writeRaw', 'writeFlat', 'deleteFlat', 'writeGroups', 'writeFailures', 'resolveFailures'],
  ...['writeRequests', 'closeRequests', 'setInstanceLive', 'holdVersion'],
];

/** The same object with some of its methods timed; everything else is its own. */
const timed = <T extends object>(target: T, methods: readonly string[], time: ReturnType<typeof createTimer>): T => {
  const observed = Object.create(target) as T;
  for (const method of methods) {
    const work = (target as Readonly<Record<string, Work | undefined>>)[method];
    if (work === undefined) continue;
    const operation = operationName(method);
    Object.defineProperty(observed, method, { value: (...rest: never[]) => time(operation, () => work.apply(target, rest)) });
  }
  return observed;
};

/**
 * A warehouse that tells how long each operation took and how it ended, and makes a span of each transaction. A few events per batch, none
 * per record.
 */
export const observeWarehouse = (warehouse: Warehouse, observing: Observing): Warehouse => {
  const time = createTimer(observing);
  const { system = 'other_sql' } = warehouse.capabilities;
  const observed = timed(warehouse, ['loadLane', 'schema', 'evolve', 'ensureSummaryTables', 'request'], time);
  const committed: LaneReads = timed(warehouse.committed, reads, time);
  const transact: Warehouse['transact'] = (lane, seq, work) =>
    observing.tracer.span(
      () => ({
        name: `transact ${lane.phase}`,
        kind: 'client',
        attributes: { 'db.system.name': system, 'db.operation.name': 'transact', 'dsf.phase': lane.phase },
      }),
      () =>
        time('transact', () =>
          warehouse.transact(lane, seq, (transaction: LaneTransaction) => work(timed(transaction, [...reads, ...writes], time))),
        ),
    );
  return Object.defineProperties(observed, { committed: { value: committed }, transact: { value: transact } });
};
