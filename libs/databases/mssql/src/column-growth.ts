import type { FlatColumn, FlatTable } from '@dsf/ports';
import { isIndexed } from './column-use.ts';
import type { Connection } from './connection.ts';
import { describe } from './descriptions.ts';
import { addColumn, alterColumn, longText } from './dialect.ts';
import { freeUnderCollations } from './names.ts';
import { readCatalog, type PhysicalColumn, type PhysicalTable } from './schema-catalog.ts';
import { make, placeOf, raiseVersion, recordChange, takenNames } from './schema-changes.ts';
import { integer as int, raw, sql, text, word } from './sql.ts';

/*
 * Columns that rows have no room in: texts grow, and what no type holds exactly gets a column beside its own.
 */

/** Room that rows need and a column does not have. */
export interface Growth {
  readonly tableId: number;
  readonly columnId: number;
  readonly need: 'long-text' | 'exact';
}

interface Place {
  readonly table: FlatTable;
  readonly own: PhysicalTable;
  readonly column: FlatColumn;
  readonly physical: PhysicalColumn;
}

/** As the catalog has it now; null when it is not there. */
const find = async (connection: Connection, { tableId, columnId }: Growth): Promise<Place | null> => {
  const { schema, physical } = await readCatalog(connection);
  const table = schema.tables.find(({ id }) => id === tableId);
  const own = physical.get(tableId);
  const index = table?.columns.findIndex(({ id }) => id === columnId) ?? -1;
  const [column, stands] = [table?.columns[index], own?.columns[index]];
  return table === undefined || own === undefined || column === undefined || stands === undefined
    ? null
    : { table, own, column, physical: stands };
};

const addExact = async (connection: Connection, { table, own, column, physical }: Place): Promise<void> => {
  if (physical.exact !== null) return;
  const taken = takenNames({ table, columns: own.columns });
  const name = freeUnderCollations(`${physical.name.slice(0, 120)}__exact`, taken, `${column.id} exact`);
  await connection.run(
    sql`UPDATE ${raw(connection.schemas.state)}.[flat_column] SET [exact_column] = ${text(name)} WHERE [id] = ${int(column.id)}`,
  );
  await raiseVersion(connection);
  await make(connection, own.name, addColumn(connection.schemas.data, own.name, { name, sqlType: 'nvarchar(max)' }));
  await connection.exec(
    describe(placeOf(connection, own.name, name), `Exact text of ${physical.name}, where that column cannot hold it; else NULL`),
  );
};

/** A column that an index contains stays as it is: a longer text would not fit the index, and rests beside the column. */
const lengthen = async (connection: Connection, place: Place, mayAlter: boolean): Promise<void> => {
  const { own, column, physical } = place;
  if (physical.sqlType === longText) return;
  const longer = alterColumn(connection.schemas.data, own.name, { name: physical.name, sqlType: longText });
  if (!mayAlter || (await isIndexed(connection, own.name, physical.name))) {
    if (physical.exact === null) await recordChange(connection, own.name, longer, true);
    await addExact(connection, place);
    return;
  }
  await connection.run(
    sql`UPDATE ${raw(connection.schemas.state)}.[flat_column] SET [column_type] = ${word(longText)} WHERE [id] = ${int(column.id)}`,
  );
  await raiseVersion(connection);
  await make(connection, own.name, longer);
};

/**
 * Gives columns the room that rows asked for. Another process may have done so already.
 * @param mayAlter - false: no column changes; see `unlessUsed`
 */
export const growColumns = async (connection: Connection, growths: readonly Growth[], mayAlter = true): Promise<void> => {
  for (const growth of growths) {
    const place = await find(connection, growth);
    if (place === null) continue;
    if (growth.need === 'long-text') await lengthen(connection, place, mayAlter);
    else await addExact(connection, place);
  }
};
