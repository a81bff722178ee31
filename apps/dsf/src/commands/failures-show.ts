import type { Catalog } from '@dsf/metadata';
import type { RawRecord } from '@dsf/messages';
import type { StoredFailure } from '@dsf/ports';
import type { Installation } from '@dsf/wiring';
import { Command } from 'commander';
import { counted } from '../counted.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { failureJson, ownerName } from '../failures/failure-names.ts';
import { jsonText } from '../json-text.ts';
import { parseWhole } from '../parse-option.ts';
import { loadCatalog, withExisting, type Session } from '../session.ts';
import { visible } from '../table.ts';

/** Bytes of a message that are shown to a person, and put into JSON. */
const excerptBytes = 1000;
const jsonBytes = 1024 * 1024;

/** The record itself; publish refuses documents, which no raw row holds. */
const readRecord = async ({ warehouse }: Installation, { phase, source, partition, offset }: StoredFailure): Promise<RawRecord | null> => {
  if (phase === 'publish') return null;
  const [record] = await warehouse.committed.readRaw({ source, partition, from: offset, to: offset + 1 }, 1);
  return record ?? null;
};

/** As text where it is UTF-8, and with every other byte as `\xhh`, so that what is wrong can be seen. */
const bytesText = (bytes: Uint8Array, max: number): string => {
  const shown = Buffer.from(bytes.subarray(0, max));
  const text = new TextDecoder().decode(shown);
  const isText = !text.slice(0, -4).includes('\ufffd');
  const excerpt = isText ? visible(text) : visible(shown.toString('latin1'));
  return bytes.byteLength > max ? `${excerpt}… (${counted(bytes.byteLength, 'byte')} in all)` : excerpt;
};

const recordLines = (record: RawRecord): readonly (readonly [string, string])[] => [
  ['time', new Date(record.time).toISOString()],
  ['key', record.key === null ? 'none' : bytesText(record.key, excerptBytes)],
  ...record.headers.map(([name, value]) => [`header`, `${visible(name)} = ${bytesText(value, excerptBytes)}`] as const),
  [
    'payload',
    record.payload === null
      ? 'none (a tombstone)'
      : record.payload.byteLength === 0
        ? 'empty (0 bytes)'
        : bytesText(record.payload, excerptBytes),
  ],
];

const printFailure = async (
  { out, talk }: Session,
  catalog: Catalog,
  { failure, record }: { readonly failure: StoredFailure; readonly record: RawRecord | null },
): Promise<void> => {
  const lines: readonly (readonly [string, string])[] = [
    ['failure', `${failure.id}, ${failure.status}`],
    ['record', `${ownerName(catalog, failure)}, partition ${failure.partition}, offset ${failure.offset}`],
    ['refused by', failure.scope === '' ? failure.phase : `${failure.phase} (${failure.scope})`],
    ['because', `${failure.code}: ${visible(failure.detail)}`],
    ...(failure.path === null || failure.path === '' ? [] : [['path', visible(failure.path)] as const]),
    ['version', String(failure.version)],
    ['attempts', `${failure.attempts}, first ${new Date(failure.firstAt).toISOString()}, last ${new Date(failure.lastAt).toISOString()}`],
    ...(record === null ? [] : recordLines(record)),
  ];
  for (const [name, text] of lines) await out.line(`${name.padEnd(11)} ${text}`);
  if (failure.status === 'open' && failure.phase !== 'publish')
    await talk.line(`mend the cause, then run it again: dsf failures replay ${failure.id}`);
};

const recordJson = ({ time, key, headers, payload }: RawRecord): Readonly<Record<string, unknown>> => ({
  time: new Date(time).toISOString(),
  key,
  headers,
  payload: payload === null ? null : payload.subarray(0, jsonBytes),
  payload_bytes: payload?.byteLength ?? null,
});

export const failuresShowCommand = (session: Session): Command =>
  new Command('show')
    .description('Shows one refused record: where it came from, why it was refused, and the message itself.')
    .argument('<id>', 'number of the failure, see `dsf failures list`', parseWhole)
    .option('--json', 'print it as one JSON object')
    .action((id: number, { json = false }: { readonly json?: boolean }) =>
      withExisting(session, async (installation) => {
        const catalog = await loadCatalog(installation);
        const [failure] = await installation.warehouse.inspect.failures({ ids: [id], max: 1 });
        if (failure === undefined)
          throw new CommandError(exitCodes.failure, `there is no failure ${id}`, '`dsf failures list --status all` lists them');
        const record = await readRecord(installation, failure);
        if (json)
          await session.out.line(jsonText({ ...failureJson(catalog, failure), record: record === null ? null : recordJson(record) }));
        else await printFailure(session, catalog, { failure, record });
      }),
    );
