import type { Transport, Warehouse } from '@dsf/ports';
import { readAll } from './shop-checks.ts';

const text = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array());

/** Of every group the newest document, by topic, key and window. */
const documentsOf = async (local: Transport): Promise<readonly (readonly [group: string, body: unknown])[]> => {
  const newest = new Map<string, { readonly revision: number; readonly body: unknown }>();
  for (const topic of ['shop.sales', 'shop.totals']) {
    for (const { key, headers, body } of await readAll(local, topic)) {
      const revision = Number(text(headers.find(([name]) => name === 'ce_dsfrevision')?.[1]));
      const group = `${topic} ${text(key)} ${JSON.stringify((JSON.parse(text(body)) as { window: unknown }).window)}`;
      if (revision >= (newest.get(group)?.revision ?? 0)) newest.set(group, { revision, body: JSON.parse(text(body)) });
    }
  }
  return [...newest].map(([group, { body }]) => [group, body] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
};

/**
 * What the stream of the shop has led to: rows, summaries and documents, without what depends on the clock or on how changes fell into batches. Two
 * installations with the same stream and definitions have the same.
 */
export const shopOutcome = async (
  { warehouse, local }: { readonly warehouse: Warehouse; readonly local: Transport },
  partitions: number,
): Promise<{ readonly rows: unknown; readonly summaries: unknown; readonly documents: unknown }> => {
  const { tables } = await warehouse.schema();
  const ids = tables.map(({ id }) => id);
  const rows: unknown[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const range = { source: 1, partition, from: 0, to: 1_000_000 };
    const raw = await warehouse.committed.readRaw(range, 1_000_000);
    const flat = await warehouse.committed.readFlat(range, ids, 1_000_000);
    rows.push(
      raw.map(({ offset, key, payload, headers }) => [offset, key, payload, headers]),
      flat.rows.tables.map(({ table, rows: some }) => [
        table.name,
        table.columns.map(({ name, type, role }) => [name, type, role]),
        some.map(({ offset, row, parentRow, listIdx, shape, cells }) => [offset, row, parentRow, listIdx, shape, cells]),
      ]),
    );
  }
  const query = async (sql: string): Promise<unknown> => (await warehouse.inspect.query(sql, 1_000_000)).rows;
  const summaries = [
    await query('SELECT customer, window_start, window_end, lines, revenue, best FROM shop_sales ORDER BY customer, window_start'),
    await query('SELECT city, orders, total FROM shop_totals ORDER BY city'),
  ];
  return { rows, summaries, documents: await documentsOf(local) };
};
