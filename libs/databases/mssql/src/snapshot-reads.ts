import { Failure } from '@dsf/ports';

/** Runs `work` on what is committed. */
type Read<Connection> = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

/** What reads several tables as of one moment, where the database allows it. */
export interface SnapshotReads<Connection> {
  /** Asks the database. */
  readonly allowed: () => Promise<boolean>;
  readonly onSnapshot: Read<Connection>;
  /** Each statement sees what is committed when it begins. */
  readonly plainly: Read<Connection>;
}

/**
 * Whether the database allows snapshots is asked once, and again after it has refused one: a DBA may change it while services run.
 * @throws Failure `retry` `warehouse.snapshot-refused` for the read that finds out
 */
export const createSnapshotReads = <Connection>({ allowed, onSnapshot, plainly }: SnapshotReads<Connection>): Read<Connection> => {
  let known: boolean | null = null;
  return async (work) => {
    known ??= await allowed();
    if (!known) return plainly(work);
    try {
      return await onSnapshot(work);
    } catch (error) {
      if (error instanceof Failure && error.code === 'warehouse.snapshot-refused') known = null;
      throw error;
    }
  };
};
