import { afterAll, beforeAll } from 'vitest';
import { openMssqlClient, type MssqlClient } from './client.ts';
import type { MssqlConfig } from './config.ts';
import { migrate, type MigrationStep } from './migrations.ts';

/*
 * For specs: schemas of their own on a live server, made by the migrations.
 */

interface Server {
  readonly server: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly encrypt: 'on' | 'strict' | 'off';
  readonly trustServerCertificate: boolean;
  readonly caFile?: string;
}

interface Schema {
  readonly name: string;
  /** Runs statements past DSF, each batch on its own. */
  sql(batch: string): Promise<readonly (readonly unknown[])[]>;
  discard(): Promise<void>;
}

export interface LiveSchema {
  readonly schema: Schema;
  readonly config: MssqlConfig;
  /** Kept open, so that all handles share its warm connections. */
  readonly client: MssqlClient;
  readonly migrated: readonly MigrationStep[];
}

/** Settings for a schema of a live server. */
export const configOf = (server: Server, schema: string): MssqlConfig => ({
  server: server.server,
  port: server.port,
  database: server.database,
  login: { kind: 'sql', user: server.user, password: server.password },
  encrypt: server.encrypt,
  trustServerCertificate: server.trustServerCertificate,
  schema,
  ...(server.caFile === undefined ? {} : { caFile: server.caFile }),
});

/** Made before the tests of the suite that calls it, and removed after them. */
export const liveSchema = <S extends Server>(server: S, fresh: (server: S) => Promise<Schema>): (() => LiveSchema) => {
  let live: LiveSchema | null = null;
  beforeAll(async () => {
    const schema = await fresh(server);
    const config = configOf(server, schema.name);
    const client = await openMssqlClient(config);
    live = { schema, config, client, migrated: await migrate(client) };
  });
  afterAll(async () => {
    await live?.client.close();
    await live?.schema.discard();
  });
  return () => {
    if (live === null) throw new Error('the schema is there while tests run alone');
    return live;
  };
};
