import { openMssqlClient } from './client.ts';
import type { MssqlConfig } from './config.ts';
import { migrationScript } from './migration-script.ts';
import { migrate, missingFrom, readApplied, readCompatible, readMigrations, type MigrationStep } from './migrations.ts';

/** Where a database stands, file by file. */
export interface MigrationState {
  readonly name: string;
  readonly state: 'applied' | 'missing' | 'skipped';
  /** UTC ms; null when it is missing. */
  readonly appliedAt: number | null;
  readonly appliedBy: string | null;
  readonly reason: string | null;
}

/** What `dsf migrate` does with a database; each call opens and closes its own connections. */
export interface MssqlMigrations {
  apply(): Promise<readonly MigrationStep[]>;
  /** The statements that `apply` would run, for sqlcmd; '' when there are none. */
  script(): Promise<string>;
  states(): Promise<readonly MigrationState[]>;
}

export const mssqlMigrations = (config: MssqlConfig): MssqlMigrations => {
  const withClient = async <T>(work: (client: Awaited<ReturnType<typeof openMssqlClient>>) => Promise<T>): Promise<T> => {
    const client = await openMssqlClient(config);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  };
  return {
    apply: () => withClient((client) => migrate(client)),
    script: () => withClient(async (client) => migrationScript(await client.read(readCompatible), client.schemas.base)),
    states: () =>
      withClient(async (client) => {
        const applied = await client.read(readApplied);
        missingFrom(applied, readMigrations());
        const known = new Map(applied.map((one) => [one.id, one]));
        return readMigrations().map(({ id, name }): MigrationState => {
          const done = known.get(id);
          if (done === undefined) return { name, state: 'missing', appliedAt: null, appliedBy: null, reason: null };
          const { appliedAt, appliedBy, skipped } = done;
          return { name, state: skipped === null ? 'applied' : 'skipped', appliedAt, appliedBy, reason: skipped };
        });
      }),
  };
};
