import type { Delivery, FlatRow, FlatTable, Warehouse } from '@dsf/ports';

/**
 * What a run of the shop has left behind, without what is different in each: coordinates, times, revisions, the order of columns. Equal inputs must
 * give equal images, whatever the database.
 */
export interface ShopImage {
  readonly raw: readonly string[];
  /** Rows by table. */
  readonly rows: Readonly<Record<string, readonly string[]>>;
  readonly sales: readonly string[];
  readonly totals: readonly string[];
  readonly failures: readonly string[];
  /** The newest of each group, per topic. */
  readonly documents: readonly (readonly string[])[];
}

const decoder = new TextDecoder();
const headerOf = ({ headers }: Delivery, name: string): string => decoder.decode(headers.find(([found]) => found === name)?.[1]);

/** Of each key the document with the highest revision, as a consumer keeps it. */
export const newestDocuments = (deliveries: readonly Delivery[]): readonly string[] => {
  const newest = new Map<string, { readonly revision: number; readonly text: string }>();
  for (const delivery of deliveries) {
    const [key, body] = [delivery.key, delivery.body].map((bytes) => (bytes === null ? 'null' : decoder.decode(bytes)));
    const revision = Number(headerOf(delivery, 'ce_dsfrevision'));
    // A group is a key and a window, which stands in the body.
    const { window } = JSON.parse(body ?? 'null') as { readonly window: unknown };
    const group = `${key} ${JSON.stringify(window)}`;
    const what = ['ce_type', 'ce_source', 'ce_specversion', 'content-type'].map((name) => headerOf(delivery, name));
    if (revision > (newest.get(group)?.revision ?? -1)) newest.set(group, { revision, text: JSON.stringify([key, body, what]) });
  }
  return [...newest.values()].map(({ text }) => text).toSorted();
};

const recordsMax = 1_000_000;

/** A row with what its cells are called, and the order that it belongs to. */
const lineOf = ({ columns }: FlatTable, row: FlatRow, order: string): string => {
  const cells = columns.flatMap(({ name, type }, index) => {
    const cell = row.cells[index] ?? null;
    return cell === null ? [] : [`${name} ${type} ${String(cell)}`];
  });
  return JSON.stringify([order, row.row, row.parentRow, row.listIdx, row.listIdx2, row.shape, cells.toSorted()]);
};

/** What the root row calls itself. */
const orderOf = ({ columns }: FlatTable, { cells }: FlatRow): string =>
  String(cells[columns.findIndex(({ path }) => path === 'id')] ?? null);

const readRows = async (warehouse: Warehouse): Promise<Pick<ShopImage, 'raw' | 'rows'>> => {
  const { inspect, committed } = warehouse;
  const { tables } = await warehouse.schema();
  const raw: string[] = [];
  const rows: Record<string, string[]> = {};
  const partitions = new Map((await inspect.positions()).map(({ source, partition }) => [`${source}:${partition}`, { source, partition }]));
  for (const at of partitions.values()) {
    const range = { ...at, from: 0, to: recordsMax };
    for (const { key, headers, payload } of await committed.readRaw(range, recordsMax))
      raw.push(JSON.stringify([key, headers.map(([name, value]) => [name, value]), payload].map((part) => JSON.stringify(part))));
    const ids = tables.filter(({ source }) => source === at.source).map(({ id }) => id);
    const flat = await committed.readFlat(range, ids, recordsMax);
    const root = flat.rows.tables.find(({ table }) => table.parent === null);
    const orders = new Map(root?.rows.map((row) => [row.offset, orderOf(root.table, row)]));
    for (const { table, rows: some } of flat.rows.tables)
      (rows[table.name] ??= []).push(...some.map((row) => lineOf(table, row, orders.get(row.offset) ?? '')));
  }
  return { raw: raw.toSorted(), rows: Object.fromEntries(Object.entries(rows).map(([name, lines]) => [name, lines.toSorted()])) };
};

export const readShopImage = async (warehouse: Warehouse, documents: readonly (readonly Delivery[])[]): Promise<ShopImage> => {
  const { inspect } = warehouse;
  const lines = async (sql: string): Promise<readonly string[]> =>
    (await inspect.query(sql, recordsMax)).rows.map((row) => JSON.stringify(row.map(String))).toSorted();
  const failures = await inspect.failures({ status: 'open', max: recordsMax });
  return {
    ...(await readRows(warehouse)),
    sales: await lines('select customer, window_start, window_end, lines, revenue, best from shop_sales'),
    totals: await lines('select city, orders, total from shop_totals'),
    failures: failures.map(({ phase, code }) => `${phase} ${code}`).toSorted(),
    documents: documents.map(newestDocuments),
  };
};
