import type { ColumnType, DriverInstance } from '@dsf/metadata';
import type { FlatColumn, FlatSchema, FlatTable, FoldAggregate } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { fold } from './fold.ts';

const column = (id: number, path: string, type: ColumnType, role: FlatColumn['role'] = 'value'): FlatColumn => ({
  ...{ id, path, type, role },
  name: `${path.replaceAll('.', '__')}${role === 'variant' ? `__v_${type}` : ''}`,
});
const root: FlatTable = {
  ...{ id: 1, source: 1, path: '', name: 'orders', parent: null },
  columns: [
    column(1, 'city', 'text'),
    column(2, 'total', 'bigint'),
    column(3, 'total', 'text', 'variant'),
    column(4, 'at', 'timestamp'),
    column(5, 'weight', 'double'),
    column(6, 'extra', 'json'),
    column(7, 'paid', 'boolean'),
    column(8, 'price', 'decimal'),
  ],
};
const customer: FlatTable = {
  ...{ id: 2, source: 1, path: 'customer', name: 'customer', parent: 1 },
  columns: [column(9, 'customer.name', 'text')],
};
const items: FlatTable = { ...{ id: 3, source: 1, path: 'items', name: 'items', parent: 1 }, columns: [column(10, 'items.n', 'bigint')] };
const schema: FlatSchema = { version: 1, tables: [root, customer, items] };

const sum: FoldAggregate = { asks: 'sum', max: 1, takes: ['number'] };
const instance = (
  amount: string,
  more: Partial<DriverInstance['inputs'][number]> = {},
  others: readonly Partial<DriverInstance['inputs'][number]>[] = [],
): DriverInstance => ({
  ...{ instance: 'd@1', name: 'd', key: ['city'], windowMs: null },
  measures: [{ name: 'm', function: 'sum', type: 'decimal', max: 1 }],
  inputs: [more, ...others].map((input) => ({
    ...{ source: 1, table: '', filter: null, eventTime: null, key: ['city'], amounts: [{ kind: 'expression', text: amount }] as const },
    ...input,
  })),
});
const planned = (...question: Parameters<typeof instance>) => fold(schema, instance(...question), [sum]);

describe('a driver as a statement', () => {
  it('has each value in its own column, and says which columns have to be empty', () => {
    expect(planned('total')).toMatchObject({
      inputs: [
        {
          tables: [{ table: { id: 1 }, joined: null }],
          root: 0,
          key: [{ kind: 'cell', table: 0, column: { name: 'city' }, of: 'text' }],
          amounts: [{ kind: 'cell', column: { name: 'total' }, of: 'number' }],
          empty: [{ table: 0, column: { name: 'total__v_text' } }],
        },
      ],
    });
  });

  it('joins ancestors and the rows beside them', () => {
    expect(planned('items.n', { table: 'items', key: ['customer.name'] })).toMatchObject({
      inputs: [
        {
          tables: [
            { table: { id: 3 }, joined: null },
            { table: { id: 1 }, joined: { to: 0, as: 'parent' } },
            { table: { id: 2 }, joined: { to: 1, as: 'single' } },
          ],
          root: 1,
          key: [{ table: 2, column: { name: 'customer__name' } }],
        },
      ],
    });
  });

  it('reads a path that no table has as null', () => {
    expect(planned('total', { filter: 'nothing == null', key: ['other'] })).toMatchObject({
      inputs: [{ filter: { kind: 'literal', value: true }, key: [{ kind: 'literal', value: null }] }],
    });
  });

  it('of a place without a table has no input', () => {
    expect(planned('total', { table: 'parts' })).toEqual({ inputs: [], windowMs: null, aggregates: [sum] });
  });
});

describe('is left to the services, which say why,', () => {
  it.each([
    ['measure m: more than comparisons', 'total / 2', {}],
    ['measure m: weight is a column of type double', 'weight', {}],
    ['measure m: extra.a stands in a JSON column', 'extra.a', {}],
    ['measure m: a text', 'city', {}],
    ['measure m: `+` of a text', 'total + city', {}],
    ['measure m: more than 38 digits after the point', 'price * price * price * price', {}],
    ['filter: `<` of a text and a number', 'total', { filter: 'city < 5' }],
    ['filter: `&&` of a number', 'total', { filter: 'total && paid' }],
    ['filter: a timestamp column is compared with a text', 'total', { filter: 'at == "2026-01-01T00:00:00Z"' }],
    ['filter: the text of a timestamp column is compared', 'total', { filter: 'at < at' }],
    ['filter: `? :` gives a text or a number', 'total', { filter: '(paid ? city : total) == null' }],
    ['filter: a text that is no Unicode', 'total', { filter: 'city == "\uD800"' }],
    ['key city: the time of a message, as text', 'total', { key: ['dsf.time'] }],
    ['event_time: a column of type boolean', 'total', { eventTime: 'paid' }],
    ['event_time: a column of type decimal', 'total', { eventTime: 'price' }],
    ['event_time: not a column alone', 'total', { eventTime: 'total + 1' }],
  ] as const)('%s', (why, amount, more) => {
    const answer = planned(amount, more);
    expect('why' in answer ? answer.why : answer).toContain(why);
  });

  it('where two inputs of one source could meet in one moment, or compare numbers with text', () => {
    const two = instance('total', {}, [{ table: 'items', amounts: [{ kind: 'expression', text: 'items.n' }] }]);
    expect(fold(schema, two, [{ asks: 'latest', max: 1, takes: ['number'] }])).toEqual({ why: 'measure m: two inputs of one source' });
    const mixed = instance('total', {}, [{ amounts: [{ kind: 'expression', text: 'city' }] }]);
    expect(fold(schema, mixed, [{ asks: 'least', max: 1, takes: ['number', 'text'] }])).toEqual({ why: 'measure m: number and text' });
  });
});
