import type { Delivery, QueryResult, Warehouse } from '@dsf/ports';

/** What a run of the shop has left behind, without what is different in each: coordinates, times, revisions. Equal inputs must give equal images. */
export interface ShopImage {
  readonly raw: readonly string[];
  readonly orders: readonly string[];
  readonly items: readonly string[];
  readonly tags: readonly string[];
  readonly sales: readonly string[];
  readonly totals: readonly string[];
  readonly failures: readonly string[];
  /** The newest of each group, per topic. */
  readonly documents: readonly (readonly string[])[];
}

/** Where a record came in, and when, is for each deployment to say. */
const ownColumns = new Set(['_dsf_src', '_dsf_part', '_dsf_off', '_dsf_time', '_dsf_ingested_at', '_dsf_revision', '_dsf_updated_at']);

const linesOf = ({ columns, rows }: QueryResult): readonly string[] =>
  rows
    .map((row) => JSON.stringify(columns.flatMap((column, index) => (ownColumns.has(column) ? [] : [[column, String(row[index])]]))))
    .toSorted();

const orderOf = (alias: string): string =>
  `(select o.id from shop_orders o where o._dsf_src = ${alias}._dsf_src and o._dsf_part = ${alias}._dsf_part and o._dsf_off = ${alias}._dsf_off) as of_order`;

const decoder = new TextDecoder();
const headerOf = ({ headers }: Delivery, name: string): string => decoder.decode(headers.find(([found]) => found === name)?.[1]);

/** Of each key the document with the highest revision, as a consumer keeps it. */
const newestDocuments = (deliveries: readonly Delivery[]): readonly string[] => {
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

export const readShopImage = async (
  { inspect }: Pick<Warehouse, 'inspect'>,
  documents: readonly (readonly Delivery[])[],
): Promise<ShopImage> => {
  const lines = async (sql: string): Promise<readonly string[]> => linesOf(await inspect.query(sql, 1_000_000));
  const failures = await inspect.failures({ status: 'open', max: 1_000_000 });
  return {
    raw: await lines('select key, headers, payload, size from dsf_raw'),
    orders: await lines('select * from shop_orders'),
    items: await lines(`select ${orderOf('i')}, i.* from shop_orders__items i`),
    tags: await lines(`select ${orderOf('t')}, t.* from shop_orders__items__tags t`),
    sales: await lines('select * from shop_sales'),
    totals: await lines('select * from shop_totals'),
    failures: failures.map(({ phase, code }) => `${phase} ${code}`).toSorted(),
    documents: documents.map(newestDocuments),
  };
};
