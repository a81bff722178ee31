/**
 * Ingest and flatten on a SQL Server, each as its service and as `dsf run --workers 2`, against the driver's bulk load of the same rows: bare, into
 * copies of the tables without checks and computed columns, and into the product's own tables. With what each transaction asks of the server.
 */
import { databaseMigrations } from '@dsf/wiring';
import { openBulkFloor, type Measured } from '../../libs/testing/src/mssql/bulk-floor.ts';
import {
  freshMssqlSchema,
  mssqlVariables,
  storesComputedColumns,
  type MssqlTestSchema,
  type MssqlTestServer,
} from '../../libs/testing/src/mssql/test-server.ts';
import { runProcesses, type Figure, type Stream } from './arrangements.ts';
import { fillHome, inFolder, send, withHome, type Environment } from './home.ts';
import { flatTables } from './floor-rows.ts';
import { flatRowsOf, partitions, type StreamTotals } from './reference-stream.ts';

export interface ServerFigure {
  readonly name: string;
  readonly rowsPerSecond: number;
  /** Of the bare load's rows per second; null for a load. */
  readonly ofFloor: number | null;
  /** Of the rows per second that the driver loads into the product's tables; null for a load. */
  readonly ofTables: number | null;
  /** Null for a load, and for workers, whose threads count by themselves. */
  readonly transactionsPerSecond: number | null;
  readonly roundTripsPerBatch: number | null;
}

/**
 * More would only take longer. Fewer would leave too little after the first seconds, in which V8 compiles, and lanes go ahead whose connections are the
 * first to be warm.
 */
const recordsMax = 600_000;
/** Whose rows the floors load: as steady, and all of them are held in memory. */
const floorRecordsMax = 60_000;
/** Make the tables, so that no figure holds their DDL. */
const warmRecords = 500;
const rowByRowRows = 1000;
const recordsPerBatch = 2000;

const perSecond = ({ rows, ms }: Measured): number => (rows / ms) * 1000;

const floorFigure = (name: string, measured: Measured): ServerFigure => ({
  name,
  rowsPerSecond: perSecond(measured),
  ofFloor: null,
  ofTables: null,
  transactionsPerSecond: null,
  roundTripsPerBatch: null,
});

interface Floors {
  readonly bare: Measured;
  readonly tables: Measured;
}

const phaseFigure = (name: string, { rows, wallMs, traffic, batches }: Timed, { bare, tables }: Floors): ServerFigure => {
  const rowsPerSecond = (rows / wallMs) * 1000;
  const isCounted = traffic !== undefined && traffic.transactions > 0;
  return {
    name,
    rowsPerSecond,
    ofFloor: rowsPerSecond / perSecond(bare),
    ofTables: rowsPerSecond / perSecond(tables),
    transactionsPerSecond: isCounted ? (traffic.transactions / wallMs) * 1000 : null,
    roundTripsPerBatch: isCounted ? traffic.roundTrips / Math.max(1, batches) : null,
  };
};

/** What came after the warm-up. */
interface Timed extends Figure {
  readonly batches: number;
}

/** Schemas of one run. */
interface Place {
  readonly home: string;
  readonly schema: MssqlTestSchema;
  readonly environment: Environment;
}

const inFreshSchemas = <T>(server: MssqlTestServer, work: (place: Place) => Promise<T>): Promise<T> =>
  inFolder(async (home) => {
    const schema = await freshMssqlSchema(server);
    const environment = mssqlVariables(server, schema.name);
    try {
      await (await databaseMigrations(environment)).apply();
      return await work({ home, schema, environment });
    } finally {
      await schema.discard();
    }
  });

type ServerPhase = 'ingest' | 'flatten';

const runPhase = async (
  { home, environment }: Place,
  phase: ServerPhase,
  { totals, workers = 1, warmLanes = 0 }: { readonly totals: StreamTotals; readonly workers?: number; readonly warmLanes?: number },
): Promise<Timed> => {
  const task = { name: phase, floors: [], home, processes: [[phase]], workers, environment, warm: warmLanes, profile: null };
  const figure = await runProcesses(task, totals);
  return { ...figure, batches: ((figure.counts[phase]?.batches ?? 0) * figure.records) / totals.records };
};

/** Some records first, which make the tables; then all others, for one phase after the other. */
const runProduct = async <P extends ServerPhase>(
  place: Place,
  { messages, totals }: Stream,
  { phases, workers }: { readonly phases: readonly P[]; readonly workers: number },
): Promise<Record<P, Timed>> => {
  const { home, environment } = place;
  const [warm, timed] = [messages.slice(0, warmRecords), messages.slice(warmRecords)];
  await fillHome(home, warm, environment);
  for (const phase of phases) await runPhase(place, phase, { totals: { ...totals, records: warm.length } });
  await withHome(home, (installation) => send(installation, timed), environment);
  const figures: Partial<Record<P, Timed>> = {};
  const all = { totals: { ...totals, records: timed.length }, workers, warmLanes: partitions };
  for (const phase of phases) figures[phase] = await runPhase(place, phase, all);
  return figures as Record<P, Timed>;
};

/** Flat rows in the database, of all records. */
const countFlatRows = ({ home, environment }: Place): Promise<number> =>
  withHome(
    home,
    async ({ warehouse }) =>
      (await warehouse.inspect.tables()).reduce((sum, { kind, rows: some }) => (kind === 'root' || kind === 'child' ? sum + some : sum), 0),
    environment,
  );

/**
 * Ingest alone, into a table without the two moments that people read: SQL Server works them out when somebody does, and a server that does so for each row
 * that is written makes something else of the table. Null where it is as on SQL Server.
 */
const measureLean = async (server: MssqlTestServer, stream: Stream, workers: number): Promise<Timed | null> => {
  if (!(await storesComputedColumns(server))) return null;
  return inFreshSchemas(server, async (place) => {
    for (const column of ['time', 'ingested_at'])
      await place.schema.sql(`ALTER TABLE [${place.schema.name}].[dsf_raw] DROP COLUMN [${column}]`);
    return (await runProduct(place, stream, { phases: ['ingest'], workers })).ingest;
  });
};

interface Product {
  readonly ingest: Timed;
  readonly lean: Timed | null;
  readonly flatten: Timed;
}

/** Both phases in tables of their own. @throws Error when rows are missing */
const runBoth = async (place: Place, stream: Stream, workers: number): Promise<Omit<Product, 'lean'>> => {
  const { ingest, flatten } = await runProduct(place, stream, { phases: ['ingest', 'flatten'], workers });
  const rows = await countFlatRows(place);
  if (rows !== flatRowsOf(stream.totals)) throw new Error(`${rows} flat rows instead of ${flatRowsOf(stream.totals)}`);
  return { ingest, flatten: { ...flatten, rows: Math.round((rows * flatten.records) / stream.totals.records) } };
};

const twoWorkers = ', two workers';

const leanFigures = (workers: string, lean: Timed | null, floors: Floors): readonly ServerFigure[] =>
  lean === null ? [] : [{ ...phaseFigure(`  without stored moments${workers}`, lean, floors), ofTables: null }];

/** @param two - by two workers */
const measureProduct = (server: MssqlTestServer, stream: Stream, lean: Timed | null, two: Product): Promise<readonly ServerFigure[]> =>
  inFreshSchemas(server, async (place) => {
    const { ingest, flatten } = await runBoth(place, stream, 1);
    const floor = await openBulkFloor(server, place.schema.name);
    try {
      const records = Math.min(stream.totals.records, floorRecordsMax);
      const some = { batches: Math.ceil(records / recordsPerBatch), offsets: Math.ceil(records / partitions) };
      const flatNames = flatTables.map(({ name }) => name);
      const raw = [await floor.load(['dsf_raw'], some), await floor.load(['dsf_raw'], some)];
      const flat = [await floor.load(flatNames, some), await floor.load(flatNames, some)];
      const single = await floor.rowByRow('dsf_raw', rowByRowRows);
      const best = (measured: readonly Measured[]): Measured => measured.reduce((a, b) => (perSecond(a) > perSecond(b) ? a : b));
      const ingestFloors = { bare: best(raw), tables: await floor.loadAgain(['dsf_raw'], some) };
      const flattenFloors = { bare: best(flat), tables: await floor.loadAgain(flatNames, some) };
      return [
        floorFigure('floor of ingest: bulk load', ingestFloors.bare),
        floorFigure('  into its table', ingestFloors.tables),
        phaseFigure('ingest', ingest, ingestFloors),
        phaseFigure(`ingest${twoWorkers}`, two.ingest, ingestFloors),
        ...leanFigures('', lean, ingestFloors),
        ...leanFigures(twoWorkers, two.lean, ingestFloors),
        floorFigure('floor of flatten: bulk load', flattenFloors.bare),
        floorFigure('  into its tables', flattenFloors.tables),
        phaseFigure('flatten', flatten, flattenFloors),
        phaseFigure(`flatten${twoWorkers}`, two.flatten, flattenFloors),
        floorFigure('one INSERT per row', single),
      ];
    } finally {
      await floor.close();
    }
  });

/** The floors come right after the runs, so that both meet the same moment of the machine. */
export const measureSqlServer = async (server: MssqlTestServer, stream: Stream): Promise<readonly ServerFigure[]> => {
  const two = {
    ...(await inFreshSchemas(server, (place) => runBoth(place, stream, 2))),
    lean: await measureLean(server, stream, 2),
  };
  return measureProduct(server, stream, await measureLean(server, stream, 1), two);
};

/** How many orders, for a benchmark of so many. */
export const serverRecords = (records: number): number => Math.min(3 * records, recordsMax);

const number = (value: number | null, digits = 0): string =>
  value === null ? '' : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const serverText = (figures: readonly ServerFigure[]): string => {
  const head = ['SQL Server', 'rows/s', 'of floor', 'of tables', 'transactions/s', 'round trips/batch'];
  const lines = figures.map(({ name, rowsPerSecond, ofFloor, ofTables, transactionsPerSecond, roundTripsPerBatch }) => [
    name,
    number(rowsPerSecond),
    number(ofFloor, 2),
    number(ofTables, 2),
    number(transactionsPerSecond, 1),
    number(roundTripsPerBatch, 1),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)));
  return [head, ...lines]
    .map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
    .join('\n');
};
