/** Homes of the product in temporary folders: made, filled, looked at and thrown away. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCatalog, definitionsSchema } from '@dsf/metadata';
import { openInstallation, type Installation } from '@dsf/wiring';
import { definitions, driverName, flatRowsOf, partitions, sourceName, type StreamMessage, type StreamTotals } from './reference-stream.ts';

/** Runs `work` with a folder of its own, which is removed afterwards. */
export const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'dsf-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Where definitions, state and rows are, when they are not in the home. */
export type Environment = Readonly<Record<string, string>>;

export const withHome = async <T>(
  home: string,
  work: (installation: Installation) => Promise<T>,
  environment: Environment = {},
): Promise<T> => {
  const installation = await openInstallation({ home, environment });
  try {
    return await work(installation);
  } finally {
    await installation.close();
  }
};

/** Messages of one send. */
export const messagesPerSend = 1000;

export const send = async (installation: Installation, messages: readonly StreamMessage[]): Promise<void> => {
  const transport = installation.local;
  for (let from = 0; from < messages.length; from += messagesPerSend) {
    const some = messages.slice(from, from + messagesPerSend).map(({ partition, key, body }) => ({ partition, key, headers: [], body }));
    await transport.send(sourceName, some);
  }
};

/** Makes them the version in force. */
export const define = async (installation: Installation, wanted: unknown): Promise<void> => {
  const activation = await installation.metadata.activate({
    definitions: definitionsSchema.parse(wanted),
    comment: 'benchmark',
    now: Date.now(),
    check: (snapshot, version) => buildCatalog(snapshot, version),
  });
  if (activation.kind === 'refused') throw new Error(activation.problems.map(({ message }) => message).join('; '));
};

/** Activates the reference pipeline and puts the messages into the source topic. */
export const fillHome = (home: string, messages: readonly StreamMessage[], environment: Environment = {}): Promise<void> =>
  withHome(
    home,
    async (installation) => {
      await define(installation, definitions);
      await installation.local.ensureTopic(sourceName, partitions);
      await send(installation, messages);
    },
    environment,
  );

const numbersOf = async (installation: Installation, sql: string): Promise<readonly number[]> => {
  const { rows } = await installation.warehouse.inspect.query(sql, 1);
  return (rows[0] ?? []).map(Number);
};

const flatTables = ['bench_orders', 'bench_orders__items', 'bench_orders__items__tags', 'bench_orders__items__discounts'];

/** A figure counts only when the run was right: every row is there, and the driver's groups add up to the stream. @throws Error */
export const checkRows = (home: string, totals: StreamTotals): Promise<void> =>
  withHome(home, async (installation) => {
    const counts = await Promise.all(flatTables.map((table) => numbersOf(installation, `SELECT count(*) FROM ${table}`)));
    const rows = counts.flat().reduce((sum, count) => sum + count, 0);
    if (rows !== flatRowsOf(totals)) throw new Error(`${rows} flat rows instead of ${flatRowsOf(totals)}`);
    const view = driverName.replaceAll('.', '_');
    const found = await numbersOf(installation, `SELECT count(*), sum(orders), sum(lines), round(sum(total) * 100) FROM ${view}`);
    const wanted = [totals.groups, totals.records, totals.items, totals.cents];
    if (found.join() !== wanted.join())
      throw new Error(`groups, orders, lines and cents are ${found.join(', ')} instead of ${wanted.join(', ')}`);
  });
