import type { RawRecord } from '@dsf/messages';
import { ExpressionError } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { FlatTableRows, FlattenEffects, RecordFailure } from '@dsf/ports';
import { closeRests, newBatch, putTyped } from './bind.ts';
import type { Batch } from './bind.ts';
import type { Json } from './json.ts';
import { keyField } from './nodes.ts';
import { parseExact } from './parse-exact.ts';
import type { ParseRefusal } from './parse-exact.ts';
import type { FlattenPlan, OpenRow, SourcePlan } from './plan.ts';
import { headerText, readMessage, textOfBytes } from './read-message.ts';
import { shredMessage } from './shred.ts';
import { textCell } from './typed.ts';

/**
 * Why flatten refuses a record:
 * - `flatten.empty` no bytes, or only white space
 * - `flatten.not-utf8` the bytes are no UTF-8 text
 * - `flatten.not-json` the text is not JSON; the detail says at which character
 * - `flatten.too-deep` lists and objects lie deeper within each other than the source's `depth_max`
 * - `flatten.tombstone` there is no payload, and the source says `tombstones: fail`
 * - `flatten.filter` the source's filter cannot be computed for this message
 */
export type FlattenRefusal = ParseRefusal | 'flatten.tombstone' | 'flatten.filter';

type Decision =
  | { readonly kind: 'take'; readonly message: Json }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'refused'; readonly code: FlattenRefusal; readonly detail: string };

const filtered: Decision = { kind: 'filtered' };

/** Whether a record is flattened, before any row is made of it. */
const decide = (source: SourcePlan, record: RawRecord): Decision => {
  const { tombstones, depth_max: depthMax } = source.catalog.definition;
  if (record.payload === null) {
    return tombstones === 'filter'
      ? filtered
      : { kind: 'refused', code: 'flatten.tombstone', detail: 'the message has no payload (tombstone)' };
  }
  const parsed = parseExact(record.payload, depthMax);
  if (!parsed.ok) return { kind: 'refused', code: parsed.code, detail: parsed.detail };
  const message = parsed.value;
  if (source.filter === null) return { kind: 'take', message };
  try {
    const verdict = source.filter.evaluate((path) => readMessage(message, record, path));
    return verdict === true ? { kind: 'take', message } : filtered;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return {
      kind: 'refused',
      code: 'flatten.filter',
      detail: `the filter "${source.filter.text}" cannot be computed: ${error.message}`,
    };
  }
};

/** Message key and headers, which each root row carries. */
const envelopeCells = (batch: Batch, record: RawRecord): ((row: OpenRow) => void) => {
  const { catalog, headers } = batch.source;
  const takesKey = catalog.definition.key !== undefined && record.key !== null;
  const cells = headers.map(({ name, field }) => ({ field, text: headerText(record, name) }));
  if (takesKey && record.key !== null) cells.push({ field: keyField(batch.source.root), text: textOfBytes(record.key) });
  return (row) => {
    for (const { field, text } of cells) if (text !== null) putTyped(batch, row, field, textCell(text));
  };
};

/** Takes the batch's rows out of the plan's tables, and leaves those empty for the next batch. */
const takeRows = (batch: Batch): FlatTableRows[] => {
  closeRests(batch);
  const tables: FlatTableRows[] = [];
  for (const node of batch.touched) {
    if (node.physical !== null) tables.push({ table: node.physical, rows: node.rows });
    node.rows = [];
    node.nextRow = 0;
  }
  return tables;
};

/** What has become of the records besides rows. */
interface Outcome {
  readonly refusals: RecordFailure[];
  written: number;
  filtered: number;
}

const flattenRecord = (plan: FlattenPlan, batch: Batch, outcome: Outcome, record: RawRecord): void => {
  const decision = decide(batch.source, record);
  if (decision.kind === 'take') {
    for (const table of batch.touched) table.nextRow = 0;
    shredMessage({ batch, record, onRoot: envelopeCells(batch, record) }, batch.source.root, decision.message);
    outcome.written += 1;
  } else if (decision.kind === 'filtered') {
    outcome.filtered += 1;
  } else {
    const { source, partition, offset } = record;
    const { code, detail } = decision;
    outcome.refusals.push({ phase: 'flatten', source, partition, offset, scope: '', code, path: null, detail, version: plan.version });
  }
};

/**
 * Rows of some records of one source partition. What one record is refused for leaves the others standing.
 * @param records - in offset order, of one source partition
 * @throws Failure `fatal` `flatten.source-unknown` when the catalog does not know the source: the caller loads versions first
 */
export const apply = (plan: FlattenPlan, records: readonly RawRecord[]): FlattenEffects => {
  const { source: sourceId, partition } = records[0] ?? { source: 0, partition: 0 };
  const nothing: FlattenEffects = { missing: [], rows: { source: sourceId, partition, tables: [] }, refusals: [], written: 0, filtered: 0 };
  if (records.length === 0) return nothing;
  const source = plan.sources.get(sourceId);
  if (source === undefined) {
    const facts = { source: sourceId, version: plan.version };
    throw new Failure('fatal', 'flatten.source-unknown', `catalog version ${plan.version} has no source ${sourceId}`, facts);
  }
  const batch = newBatch(source);
  const outcome: Outcome = { refusals: [], written: 0, filtered: 0 };
  let tables: readonly FlatTableRows[] = [];
  try {
    for (const record of records) flattenRecord(plan, batch, outcome, record);
  } finally {
    tables = takeRows(batch);
  }
  if (batch.missing.size > 0) return { ...nothing, missing: [...batch.missing.values()] };
  return { missing: [], rows: { source: sourceId, partition, tables }, ...outcome };
};
