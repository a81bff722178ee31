import type { Catalog } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { Installation } from './installation.ts';
import { readCatalog } from './status.ts';

/** What waits for a source in a system that numbers nothing. */
export interface Waiting {
  readonly source: string;
  /** As the system counted last; null: it did not say. */
  readonly messages: number | null;
  /** When that was, UTC ms. */
  readonly at: number | null;
  /** Why it did not say. */
  readonly reason: string | null;
}

const waitingOf = async (
  installation: Installation,
  { topic, definition, connection }: Catalog['sources'][number],
): Promise<Waiting | null> => {
  const { name: source } = definition;
  try {
    const transport = await installation.transport(definition.transport, connection);
    if (transport.backlog === undefined) return null;
    const backlog = await transport.backlog(topic);
    return backlog === null ? null : { source, ...backlog, reason: null };
  } catch (error) {
    // It is asked of another service than the messages, with other rights: a status without it is better than none.
    if (error instanceof Failure) return { source, messages: null, at: null, reason: error.message };
    throw error;
  }
};

/** For people: it takes a request per source, and is minutes old, so nothing is decided by it. */
export const readWaiting = async (installation: Installation): Promise<readonly Waiting[]> => {
  const { sources } = await readCatalog(installation.metadata);
  const all = await Promise.all(sources.filter(({ retired }) => !retired).map((source) => waitingOf(installation, source)));
  return all.filter((waiting) => waiting !== null);
};
