/**
 * Ingest and flatten on a SQL Server, against the driver's bulk load of the same rows: bare, into copies of the tables without checks and computed
 * columns, and into the product's own tables. With what each transaction asks of the server.
 */
import { databaseMigrations } from '@dsf/wiring';
import { openBulkFloor, type Measured } from '../../libs/testing/src/mssql/bulk-floor.ts';
import { freshMssqlSchema, mssqlVariables, type MssqlTestServer } from '../../libs/testing/src/mssql/test-server.ts';
import { runProcesses, type Figure, type Stream } from './arrangements.ts';
import { fillHome, inFolder, send, withHome, type Environment } from './home.ts';
import { flatTables } from './floor-rows.ts';
import { flatRowsOf, partitions } from './reference-stream.ts';

export interface ServerFigure {
  readonly name: string;
  readonly rowsPerSecond: number;
  /** Of the bare load's rows per second; null for a load. */
  readonly ofFloor: number | null;
  /** Of the rows per second that the driver loads into the product's tables; null for a load. */
  readonly ofTables: number | null;
  readonly transactionsPerSecond: number | null;
  readonly roundTripsPerBatch: number | null;
}

/** More would only take longer. Fewer would leave too little after the first seconds, in which lanes go ahead whose connections are the first to be warm. */
const recordsMax = 240_000;
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
  return {
    name,
    rowsPerSecond,
    ofFloor: rowsPerSecond / perSecond(bare),
    ofTables: rowsPerSecond / perSecond(tables),
    transactionsPerSecond: ((traffic?.transactions ?? 0) / wallMs) * 1000,
    roundTripsPerBatch: (traffic?.roundTrips ?? 0) / Math.max(1, batches),
  };
};

/** What came after the warm-up. */
interface Timed extends Figure {
  readonly batches: number;
}

interface Runs {
  readonly ingest: Timed;
  readonly flatten: Timed;
  /** Flat rows in the database, of all records. */
  readonly rows: number;
}

const runProduct = async (home: string, { messages, totals }: Stream, environment: Environment): Promise<Runs> => {
  const [warm, timed] = [messages.slice(0, warmRecords), messages.slice(warmRecords)];
  await fillHome(home, warm, environment);
  const run = async (phase: 'ingest' | 'flatten', records: number, warmLanes = 0): Promise<Timed> => {
    const task = { name: phase, floors: [], home, processes: [[phase]], environment, warm: warmLanes, profile: null };
    const figure = await runProcesses(task, { ...totals, records });
    return { ...figure, batches: ((figure.counts[phase]?.batches ?? 0) * figure.records) / records };
  };
  await run('ingest', warm.length);
  await run('flatten', warm.length);
  await withHome(home, (installation) => send(installation, timed), environment);
  const ingest = await run('ingest', timed.length, partitions);
  const flatten = await run('flatten', timed.length, partitions);
  const rows = await withHome(
    home,
    async ({ warehouse }) =>
      (await warehouse.inspect.tables()).reduce((sum, { kind, rows: some }) => (kind === 'root' || kind === 'child' ? sum + some : sum), 0),
    environment,
  );
  return { ingest, flatten: { ...flatten, rows: Math.round((rows * flatten.records) / messages.length) }, rows };
};

/** Floors before and after, so that both meet the same moment of the machine. @throws Error when rows are missing */
export const measureSqlServer = (server: MssqlTestServer, stream: Stream): Promise<readonly ServerFigure[]> =>
  inFolder(async (home) => {
    const schema = await freshMssqlSchema(server);
    const environment = mssqlVariables(server, schema.name);
    try {
      await (await databaseMigrations(environment)).apply();
      const { ingest, flatten, rows } = await runProduct(home, stream, environment);
      if (rows !== flatRowsOf(stream.totals)) throw new Error(`${rows} flat rows instead of ${flatRowsOf(stream.totals)}`);
      const floor = await openBulkFloor(server, schema.name);
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
          floorFigure('floor of flatten: bulk load', flattenFloors.bare),
          floorFigure('  into its tables', flattenFloors.tables),
          phaseFigure('flatten', flatten, flattenFloors),
          floorFigure('one INSERT per row', single),
        ];
      } finally {
        await floor.close();
      }
    } finally {
      await schema.discard();
    }
  });

export const serverRecordsMax = recordsMax;

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
