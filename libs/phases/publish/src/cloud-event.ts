import type { GroupChange, Header } from '@dsf/messages';
import { groupText } from '@dsf/messages';
import type { CatalogPublication } from '@dsf/metadata';
import type { Tools } from '@dsf/ports';
import { timeText } from './document-state.ts';

const encoder = new TextEncoder();

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Hex of sha256 over what makes a document one of a kind; the same state always has the same id. */
const eventId = ({ instance, key, window, revision }: GroupChange, publication: string, tools: Tools): string =>
  tools.sha256(utf8(JSON.stringify([publication, instance, key, window, revision]))).toHex();

/**
 * Headers of CloudEvents 1.0 in binary mode (Kafka protocol binding 1.0.2): attributes are headers with `ce_` before the name, in UTF-8.
 * `content-type` is left out when there is no content.
 */
export const cloudEventHeaders = (change: GroupChange, { definition }: CatalogPublication, tools: Tools): readonly Header[] => {
  const attributes: readonly (readonly [string, string])[] = [
    ['ce_specversion', '1.0'],
    ['ce_id', eventId(change, definition.name, tools)],
    ['ce_source', `/dsf/publications/${definition.name}`],
    ['ce_type', definition.type],
    ['ce_subject', groupText(change.key, change.window)],
    ['ce_time', timeText(change.time)],
    ['ce_dsfrevision', String(change.revision)],
    ['ce_dsfreason', change.reason],
    ['ce_dsfconfig', String(change.version)],
  ];
  const headers = attributes.map(([name, text]): Header => [name, utf8(text)]);
  return change.status === 'gone' ? headers : [...headers, ['content-type', utf8('application/json')]];
};
