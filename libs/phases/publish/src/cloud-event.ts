import type { GroupChange, Header } from '@dsf/messages';
import type { CatalogPublication } from '@dsf/metadata';
import type { Tools } from '@dsf/ports';
import { timeText } from './document-state.ts';
import { utf8 } from './utf8.ts';

/** Hex of sha256 over what makes a document one of a kind; the same state always has the same id. */
const eventId = ({ instance, key, window, revision }: GroupChange, publication: string, tools: Tools): string =>
  tools.sha256(utf8(JSON.stringify([publication, instance, key, window, revision]))).toHex();

const header = (name: string, text: string): Header => [name, utf8(text)];

/** A header whose text is mostly that of the message before, as those of one commit are. */
const repeated = <Given>(name: string, textOf: (given: Given) => string): ((given: Given) => Header) => {
  let last: { readonly given: Given; readonly header: Header } | null = null;
  return (given) => {
    if (last === null || last.given !== given) last = { given, header: header(name, textOf(given)) };
    return last.header;
  };
};

/** @param subject - the group's text in UTF-8 */
export type CloudEventHeaders = (change: GroupChange, subject: Uint8Array, tools: Tools) => readonly Header[];

/**
 * Headers of CloudEvents 1.0 in binary mode (Kafka protocol binding 1.0.2): attributes are headers with `ce_` before the name, in UTF-8.
 * `content-type` is left out when there is no content.
 */
export const cloudEventHeaders = ({ definition }: CatalogPublication): CloudEventHeaders => {
  const specVersion = header('ce_specversion', '1.0');
  const source = header('ce_source', `/dsf/publications/${definition.name}`);
  const type = header('ce_type', definition.type);
  const contentType = header('content-type', 'application/json');
  const time = repeated('ce_time', timeText);
  const revision = repeated('ce_dsfrevision', String);
  const reason = repeated<GroupChange['reason']>('ce_dsfreason', String);
  const config = repeated('ce_dsfconfig', String);
  return (change, subject, tools) => {
    const headers: Header[] = [
      specVersion,
      header('ce_id', eventId(change, definition.name, tools)),
      source,
      type,
      ['ce_subject', subject],
      time(change.time),
      revision(change.revision),
      reason(change.reason),
      config(change.version),
    ];
    if (change.status !== 'gone') headers.push(contentType);
    return headers;
  };
};
