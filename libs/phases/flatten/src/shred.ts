import type { RawRecord } from '@dsf/messages';
import { missTable, putLength, putScalar, putTyped } from './bind.ts';
import type { Batch } from './bind.ts';
import { isList, isScalar } from './json.ts';
import type { Json, JsonObject, Scalar } from './json.ts';
import { childTable, entriesField, itemField, keyField, memberField, valueField } from './nodes.ts';
import type { Field, OpenRow, TableNode } from './plan.ts';
import { countCell, jsonCell, plainText, textCell } from './typed.ts';

/*
 * A message as rows: which table and row each value belongs to. It descends as deep as the message, which is bounded (`depth_max`).
 */

/** Where a row stands in its list, and below which row of the parent table. */
interface RowPlace {
  readonly parentRow: number | null;
  readonly listIdx: number | null;
  readonly listIdx2: number | null;
}

const only = (parentRow: number | null): RowPlace => ({ parentRow, listIdx: null, listIdx2: null });

const openRow = (batch: Batch, record: RawRecord, table: TableNode, place: RowPlace): OpenRow => {
  if (table.rows.length === 0) {
    batch.touched.push(table);
    if (table.physical === null) missTable(batch, table);
  }
  const isRoot = table.parent === null;
  const row: OpenRow = {
    offset: record.offset,
    row: table.nextRow,
    parentRow: place.parentRow,
    listIdx: place.listIdx,
    listIdx2: place.listIdx2,
    shape: null,
    time: isRoot ? record.time : null,
    ingestedAt: isRoot ? record.ingestedAt : null,
    cells: table.blank.slice(),
  };
  table.nextRow += 1;
  table.rows.push(row);
  return row;
};

/** One record on its way into rows. */
export interface Shredder {
  readonly batch: Batch;
  readonly record: RawRecord;
  /** Called for each new root row. */
  readonly onRoot: (row: OpenRow) => void;
}

/** A whole message into the root table: one row, or one per item of a list. */
export const shredMessage = (shredder: Shredder, root: TableNode, message: Json): void => {
  if (isList(message) && message.length > 0) return shredItems(shredder, root, null, message);
  const row = addRow(shredder, root, only(null));
  if (isList(message)) row.shape = 'list';
  else fillRow(shredder, root, row, message);
};

const addRow = ({ batch, record, onRoot }: Shredder, table: TableNode, place: RowPlace): OpenRow => {
  const row = openRow(batch, record, table, place);
  if (table.parent === null) onRoot(row);
  return row;
};

/** Rows for the items of a list; an item that is a list itself has a row per inner item. */
const shredItems = (shredder: Shredder, table: TableNode, parentRow: number | null, items: readonly Json[]): void => {
  for (let listIdx = 0; listIdx < items.length; listIdx += 1) {
    const item = items[listIdx] ?? null;
    if (isList(item) && item.length > 0) {
      for (const [listIdx2, inner] of item.entries())
        fillRow(shredder, table, addRow(shredder, table, { parentRow, listIdx, listIdx2 }), inner);
    } else {
      const row = addRow(shredder, table, { parentRow, listIdx, listIdx2: null });
      if (isList(item)) row.shape = 'list';
      else fillRow(shredder, table, row, item);
    }
  }
};

/** The content of one row. A list in it has a table of its own. */
const fillRow = (shredder: Shredder, table: TableNode, row: OpenRow, value: Json): void => {
  if (value === null) row.shape = 'null';
  else if (isScalar(value)) putScalar(shredder.batch, row, valueField(table), value);
  else if (isList(value)) shredList(shredder, itemField(table), row, value);
  else fillMembers(shredder, table, row, value);
};

const fillMembers = (shredder: Shredder, table: TableNode, row: OpenRow, object: JsonObject): void => {
  const names = Object.keys(object);
  if (names.length === 0) row.shape = 'object';
  for (const name of names) {
    const field = table.members.get(name) ?? memberField(table.members, name, { table, path: table.prefix, match: table.match });
    shredValue(shredder, field, row, object[name] ?? null);
  }
};

const shredValue = (shredder: Shredder, field: Field, row: OpenRow, value: Json): void => {
  if (value === null) shredNull(shredder, field, row);
  else if (isScalar(value)) shredScalar(shredder, field, row, value);
  else if (isList(value)) shredList(shredder, field, row, value);
  else shredObject(shredder, field, row, value);
};

/** Null counts as a null list where config expects one, or where the path has been a list before. Rows do not depend on it, only this cell. */
const shredNull = ({ batch }: Shredder, field: Field, row: OpenRow): void => {
  if (field.object === 'map') putLength(batch, row, entriesField(field), -1);
  else if (field.scalar === 'row' || field.bound.length !== -1) putLength(batch, row, field, -1);
};

const shredScalar = (shredder: Shredder, field: Field, row: OpenRow, value: Scalar): void => {
  const { batch } = shredder;
  switch (field.scalar) {
    case 'column':
      return putScalar(batch, row, field, value);
    case 'row': {
      const table = childTable(field);
      return fillRow(shredder, table, addRow(shredder, table, only(row.row)), value);
    }
    case 'json':
      return putTyped(batch, row, field, jsonCell(value));
    case 'join':
      return putTyped(batch, row, field, textCell(plainText(value)));
    case 'count':
      return putTyped(batch, row, field, countCell(1));
    case 'drop':
  }
};

const shredObject = (shredder: Shredder, field: Field, row: OpenRow, object: JsonObject): void => {
  const { batch } = shredder;
  switch (field.object) {
    case 'child': {
      const table = childTable(field);
      return fillRow(shredder, table, addRow(shredder, table, only(row.row)), object);
    }
    case 'columns':
      for (const name of Object.keys(object))
        shredValue(shredder, field.members.get(name) ?? memberField(field.members, name, field), row, object[name] ?? null);
      return;
    case 'map':
      return shredMap(shredder, field, row, object);
    case 'json':
      return putTyped(batch, row, field, jsonCell(object));
    case 'join':
      return putTyped(batch, row, field, textCell(plainText(object)));
    case 'count':
      return putTyped(batch, row, field, countCell(1));
    case 'drop':
  }
};

const shredMap = (shredder: Shredder, field: Field, row: OpenRow, object: JsonObject): void => {
  const names = Object.keys(object);
  putLength(shredder.batch, row, entriesField(field), names.length);
  if (names.length === 0) return;
  const table = childTable(field);
  for (const name of names) {
    const entry = addRow(shredder, table, only(row.row));
    putTyped(shredder.batch, entry, keyField(table), textCell(name));
    fillRow(shredder, table, entry, object[name] ?? null);
  }
};

const shredList = (shredder: Shredder, field: Field, row: OpenRow, list: readonly Json[]): void => {
  const { batch } = shredder;
  switch (field.list) {
    case 'child':
      putLength(batch, row, field, list.length);
      if (list.length > 0) shredItems(shredder, childTable(field), row.row, list);
      return;
    case 'json':
      return putTyped(batch, row, field, jsonCell(list));
    case 'first':
      return shredValue(shredder, field, row, list[0] ?? null);
    case 'last':
      return shredValue(shredder, field, row, list.at(-1) ?? null);
    case 'join':
      return putTyped(
        batch,
        row,
        field,
        textCell(
          list
            .filter((item) => item !== null)
            .map(plainText)
            .join(field.match.separator),
        ),
      );
    case 'count':
      return putTyped(batch, row, field, countCell(list.length));
    case 'drop':
  }
};
