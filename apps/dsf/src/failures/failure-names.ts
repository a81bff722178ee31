import type { Catalog } from '@dsf/metadata';
import type { StoredFailure } from '@dsf/ports';

/** The name of the source (of publish failures: of the publication) that a failure belongs to; its number when it is gone. */
export const ownerName = ({ sources, publications }: Catalog, { phase, source }: Pick<StoredFailure, 'phase' | 'source'>): string => {
  const owner = phase === 'publish' ? publications.find(({ id }) => id === source) : sources.find(({ id }) => id === source);
  return owner?.definition.name ?? String(source);
};

/** A failure as `--json` prints it. */
export const failureJson = (catalog: Catalog, failure: StoredFailure): Readonly<Record<string, unknown>> => ({
  id: failure.id,
  status: failure.status,
  phase: failure.phase,
  code: failure.code,
  source: ownerName(catalog, failure),
  source_id: failure.source,
  partition: failure.partition,
  offset: failure.offset,
  scope: failure.scope,
  path: failure.path,
  detail: failure.detail,
  version: failure.version,
  attempts: failure.attempts,
  first_at: new Date(failure.firstAt).toISOString(),
  last_at: new Date(failure.lastAt).toISOString(),
});
