import { sha256 } from './schema-catalog.ts';
import { document, type Bind } from './sql.ts';

/*
 * Many hashes as one parameter: a list of parameters would need a plan per length, and ends at 2,100.
 */

/** The hashes as rows `n.[hash]`; the list is @p1. */
export const hashTable = "(SELECT CONVERT(binary(32), [hex], 2) AS [hash] FROM OPENJSON(@p1) WITH ([hex] char(64) '$.h')) AS n";

export const hashList = (texts: readonly string[]): Bind =>
  document(JSON.stringify(texts.map((text) => ({ h: sha256(text).toString('hex') }))));
