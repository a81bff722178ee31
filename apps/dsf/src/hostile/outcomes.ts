import type { RawRecord, Value } from '@dsf/messages';
import type { FlatRows, FlatSchema, LaneReads, PhaseName, StoredFailure } from '@dsf/ports';
import type { Installation } from '@dsf/wiring';
import { formOfValue } from './normal-form.ts';

/** What became of one record in flatten; never more than one of these. */
export type Outcome =
  /** `form`: the message that its rows make, see normal-form.ts. */
  | { readonly kind: 'row'; readonly form: string }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string }
  | { readonly kind: 'filtered' };

/** `unflatten` of the flatten phase. */
export type Unflatten = (schema: FlatSchema, rows: FlatRows) => readonly { readonly offset: number; readonly message: Value }[];

const failuresMax = 1_000_000;
const recordsMax = 1_000_000;

const sourceId = async ({ metadata }: Installation, name: string): Promise<number> => {
  const { sourceIds } = await metadata.loadVersion(await metadata.currentVersion());
  const id = sourceIds[name];
  if (id === undefined) throw new Error(`no source ${name}`);
  return id;
};

export const readFailures = async (
  { warehouse }: Installation,
  phase: PhaseName,
  status: StoredFailure['status'] = 'open',
): Promise<readonly StoredFailure[]> => warehouse.inspect.failures({ phase, status, max: failuresMax });

/** Raw records of one source partition, from the database. */
export const readRaw = async (installation: Installation, source: string, partition: number): Promise<readonly RawRecord[]> => {
  const range = { source: await sourceId(installation, source), partition, from: 0, to: recordsMax };
  return installation.warehouse.committed.readRaw(range, recordsMax);
};

const readForms = async (
  reads: LaneReads,
  schema: FlatSchema,
  at: { readonly source: number; readonly partition: number; readonly unflatten: Unflatten },
): Promise<ReadonlyMap<number, string>> => {
  const { source, partition, unflatten } = at;
  const tables = schema.tables.filter((table) => table.source === source).map(({ id }) => id);
  const { rows } = await reads.readFlat({ source, partition, from: 0, to: recordsMax }, tables, recordsMax);
  return new Map(unflatten(schema, rows).map(({ offset, message }) => [offset, formOfValue(message)]));
};

/** Outcomes of the records of one source partition, in offset order. @throws Error for a record that has rows and a failure at once */
export const readOutcomes = async (
  installation: Installation,
  unflatten: Unflatten,
  { source: name, partition }: { readonly source: string; readonly partition: number },
): Promise<readonly Outcome[]> => {
  const { warehouse } = installation;
  const source = await sourceId(installation, name);
  const forms = await readForms(warehouse.committed, await warehouse.schema(), { source, partition, unflatten });
  const failures = new Map(
    (await readFailures(installation, 'flatten'))
      .filter((failure) => failure.source === source && failure.partition === partition)
      .map((failure) => [failure.offset, failure]),
  );
  return (await readRaw(installation, name, partition)).map(({ offset }): Outcome => {
    const [form, failure] = [forms.get(offset), failures.get(offset)];
    if (form !== undefined && failure !== undefined) throw new Error(`offset ${offset} has rows and a failure`);
    if (form !== undefined) return { kind: 'row', form };
    return failure === undefined ? { kind: 'filtered' } : { kind: 'failed', code: failure.code, detail: failure.detail };
  });
};
