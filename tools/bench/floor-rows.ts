/** The rows of an order as flatten makes them with `objects: columns`, written down by hand. */
import type { SQLInputValue } from 'node:sqlite';
import type { Order } from './reference-stream.ts';

export interface RowPlace {
  readonly partition: number;
  readonly offset: number;
  /** Broker and ingest time, UTC ms. */
  readonly now: number;
}

/** Takes the cells of rows in the order of their columns. */
export interface RowSink {
  readonly values: SQLInputValue[];
}

export interface FlatTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly bind: (order: Order, place: RowPlace, sink: RowSink) => void;
}

/** DSF's own columns by kind of table. */
const key = '_dsf_src _dsf_part _dsf_off _dsf_row _dsf_version';
const shape = '_dsf_list_idx _dsf_list_idx2 _dsf_shape';
const rootColumns = `${key} _dsf_time _dsf_ingested_at ${shape}`;
const childColumns = `${key} _dsf_parent_row ${shape}`;

export const rawColumns = '_dsf_src _dsf_part _dsf_off topic time time_type ingested_at key headers payload size sha256'.split(' ');

const customerColumns = 'customer__id customer__name customer__email';
const addressColumns = 'customer__address__street customer__address__city customer__address__zip customer__address__country';

const orders: FlatTable = {
  name: 'bench_orders',
  columns: `${rootColumns} id placed status currency total ${customerColumns} ${addressColumns} items__n`.split(' '),
  bind: ({ id, placed, status, currency, total, customer, items }, { partition, offset, now }, { values }) => {
    const { street, city, zip, country } = customer.address;
    values.push(1, partition, offset, 0, 1, now, now, null, null, null, id, placed, status, currency, String(total));
    values.push(customer.id, customer.name, customer.email, street, city, zip, country, items.length);
  },
};

const items: FlatTable = {
  name: 'bench_orders__items',
  columns: `${childColumns} sku qty price tags__n discounts__n`.split(' '),
  bind: (order, { partition, offset }, { values }) => {
    let row = 0;
    for (const { sku, qty, price, tags, discounts } of order.items) {
      values.push(1, partition, offset, row, 1, 0, row, null, null, sku, qty, String(price), tags.length, discounts.length);
      row += 1;
    }
  },
};

/** Rows of lists within the items are numbered through the whole message. */
const tags: FlatTable = {
  name: 'bench_orders__items__tags',
  columns: `${childColumns} value`.split(' '),
  bind: (order, { partition, offset }, { values }) => {
    let row = 0;
    for (let parent = 0; parent < order.items.length; parent += 1) {
      let place = 0;
      for (const tag of order.items[parent]?.tags ?? []) {
        values.push(1, partition, offset, row, 1, parent, place, null, null, tag);
        row += 1;
        place += 1;
      }
    }
  },
};

const discounts: FlatTable = {
  name: 'bench_orders__items__discounts',
  columns: `${childColumns} code amount`.split(' '),
  bind: (order, { partition, offset }, { values }) => {
    let row = 0;
    for (let parent = 0; parent < order.items.length; parent += 1) {
      let place = 0;
      for (const { code, amount } of order.items[parent]?.discounts ?? []) {
        values.push(1, partition, offset, row, 1, parent, place, null, null, code, String(amount));
        row += 1;
        place += 1;
      }
    }
  },
};

/** Parents before children. */
export const flatTables: readonly FlatTable[] = [orders, items, tags, discounts];
