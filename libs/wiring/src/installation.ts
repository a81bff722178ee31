import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteMetadataStore, openSqliteWarehouse } from '@dsf/database-sqlite';
import { Failure, type Clock, type CustomMeasures, type MetadataStore, type Transport, type Warehouse } from '@dsf/ports';
import { topics } from '@dsf/runtime';
import { openLocalTransport } from '@dsf/transport-local';
import { loadCustomMeasures } from './custom-measures.ts';
import { systemClock } from './system-clock.ts';

/** The parts that one deployment of DSF is put together from. The only place that names adapters. */
export interface Installation {
  /** Folder that holds the state of an embedded installation. */
  readonly home: string;
  readonly metadata: MetadataStore;
  readonly warehouse: Warehouse;
  /** Carries dsf.raw, dsf.points and dsf.summary. */
  readonly internal: Transport;
  /** Transport of sources and publications, by the name that definitions give it. @throws Failure `fatal` `transport.unknown` */
  transport(kind: string): Transport;
  readonly clock: Clock;
  /** Measures that users brought along, by name. */
  readonly measures: CustomMeasures;
  close(): Promise<void>;
}

export interface InstallationOptions {
  readonly home: string;
  /** Modules with custom measures, separated by commas. */
  readonly measures?: string | null;
}

/**
 * Opens the embedded default: SQLite for metadata, state and rows, a local log for topics, both in one folder that is made when absent.
 * Several processes may open the same folder.
 */
export const openInstallation = async ({ home, measures = null }: InstallationOptions): Promise<Installation> => {
  try {
    mkdirSync(home, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(
      'fatal',
      'home.unusable',
      `the folder ${home} cannot be made: ${reason}. Set DSF_HOME to a folder that you may write to.`,
      { home },
      { cause: error },
    );
  }
  const custom = await loadCustomMeasures(measures);
  const file = join(home, 'dsf.db');
  const metadata = await openSqliteMetadataStore({ file });
  const warehouse = await openSqliteWarehouse({ file });
  // What every group has acknowledged is in the rows: a reader that missed it refills, so the log need not keep it.
  const local = await openLocalTransport({
    file: join(home, 'log.db'),
    clock: systemClock,
    convenience: { topics: Object.values(topics), keepMs: 0 },
  });
  const transports = new Map<string, Transport>([['local', local]]);
  return {
    home,
    metadata,
    warehouse,
    internal: local,
    transport(kind) {
      const transport = transports.get(kind);
      if (transport !== undefined) return transport;
      throw new Failure(
        'fatal',
        'transport.unknown',
        `there is no transport called ${kind}; there are: ${[...transports.keys()].join(', ')}`,
        { transport: kind },
      );
    },
    clock: systemClock,
    measures: custom,
    async close() {
      await local.close();
      await warehouse.close();
      await metadata.close();
    },
  };
};
