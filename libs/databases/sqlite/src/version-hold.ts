import { catalogBehind } from '@dsf/ports';
import { integer } from './columns.ts';
import type { Connection } from './connection.ts';

export const readCurrentVersion = (connection: Connection): number =>
  integer(connection.first('SELECT coalesce(max(version), 0) FROM dsf_version')?.[0]);

/**
 * Within a transaction that writes: the file has one writer, and whoever activates a version is one, so none comes into force before it has ended.
 * @throws Failure `retry` `catalog.behind`
 */
export const holdVersion = (connection: Connection, version: number): void => {
  const inForce = readCurrentVersion(connection);
  if (inForce !== version) throw catalogBehind(version, inForce);
};
