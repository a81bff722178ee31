import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment, InternalConfig } from '@dsf/config';
import type { ConnectionDefinition } from '@dsf/metadata';
import {
  Failure,
  noTracer,
  type Clock,
  type CustomMeasures,
  type MetadataStore,
  type Tracer,
  type Transport,
  type Warehouse,
} from '@dsf/ports';
import { createHandover, topics, type Handover } from '@dsf/runtime';
import { openLocalTransport } from '@dsf/transport-local';
import { closeAll } from './close-all.ts';
import { openInternalKafka } from './internal-kafka.ts';
import { openInternalPubsub } from './internal-pubsub.ts';
import { kafkaConnection } from './kafka-connection.ts';
import { pubsubConnection } from './pubsub-connection.ts';
import { loadCustomMeasures } from './custom-measures.ts';
import { openDatabase } from './open-database.ts';
import { systemClock } from './system-clock.ts';

/** The parts that one deployment of DSF is put together from. The only place that names adapters. */
export interface Installation {
  /** Folder that holds the state of an embedded installation. */
  readonly home: string;
  readonly metadata: MetadataStore;
  readonly warehouse: Warehouse;
  /** Carries dsf.raw, dsf.points and dsf.summary. */
  readonly internal: Transport;
  /** Carries them between the services of this process instead, where both ends are here. */
  readonly handover: Handover;
  /** The log in `home`: the transport of sources and publications that name no connection. */
  readonly local: Transport;
  /**
   * Transport of sources and publications, as definitions name it; the same object for equal connections.
   * @throws Failure `fatal` `transport.unknown`, `transport.secret`, `transport.tls-file`
   */
  transport(kind: string, connection?: ConnectionDefinition): Promise<Transport>;
  readonly clock: Clock;
  /** Measures that users brought along, by name. */
  readonly measures: CustomMeasures;
  readonly tracer: Tracer;
  close(): Promise<void>;
}

export interface InstallationOptions {
  readonly home: string;
  /** Modules with custom measures, separated by commas. */
  readonly measures?: string | null;
  /** Where connections find the secrets that they name. Default: nowhere. */
  readonly environment?: Environment;
  /** Default: nothing is traced. */
  readonly tracer?: Tracer;
  /** From `createTurns`, where several threads of this process open the installation. */
  readonly turns?: SharedArrayBuffer;
  /** What carries the internal topics. Default: the local log. */
  readonly internal?: InternalConfig;
}

const unknownTransport = (kind: string): Failure =>
  new Failure(
    'fatal',
    'transport.unknown',
    `there is no transport called ${kind}; there are: local, and kafka and pubsub with a connection`,
    {
      transport: kind,
    },
  );

/** What carries the internal topics. */
const openCarrier = async (local: Transport, internal: InternalConfig | undefined, environment: Environment): Promise<Transport> => {
  if (internal?.internalTransport === 'kafka') return openInternalKafka(internal, environment, systemClock);
  if (internal?.internalTransport === 'pubsub') return openInternalPubsub(internal, environment, systemClock);
  return local;
};

/** Whoever tries again must not keep half of what was opened each time. */
const orClose = <T>(opening: Promise<T>, close: () => Promise<void>): Promise<T> =>
  opening.catch(async (error: unknown) => {
    await close();
    throw error;
  });

/** The local log, and what carries the internal topics. */
const openTopics = async (home: string, internal: InternalConfig | undefined, environment: Environment) => {
  // What every group has acknowledged is in the rows: a reader that missed it refills, so the log need not keep it.
  const local = await openLocalTransport({
    file: join(home, 'log.db'),
    clock: systemClock,
    convenience: { topics: Object.values(topics), keepMs: 0 },
  });
  const carrier = await orClose(openCarrier(local, internal, environment), () => local.close());
  return { local, carrier };
};

/**
 * Opens what the environment chooses: SQLite, the embedded default, or SQL Server for metadata, state and rows; a local log for topics. The folder is made when absent.
 * Several processes may open the same folder.
 */
export const openInstallation = async (options: InstallationOptions): Promise<Installation> => {
  const { home, measures = null, environment = {}, tracer = noTracer, internal, turns } = options;
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
  const { metadata, warehouse } = await openDatabase({ home, environment, ...(turns === undefined ? {} : { turns }) });
  const closeDatabase = async (): Promise<void> => {
    await warehouse.close();
    await metadata.close();
  };
  const { local, carrier } = await orClose(openTopics(home, internal, environment), closeDatabase);
  const transports = new Map<string, Promise<Transport>>([['local', Promise.resolve(local)]]);
  const open = async (kind: string, connection: ConnectionDefinition | undefined): Promise<Transport> => {
    if (connection?.kind !== kind) throw unknownTransport(kind);
    if (kind === 'pubsub') {
      const { openPubsubEnds } = await import('@dsf/transport-pubsub');
      return openPubsubEnds({ connection: pubsubConnection(connection, environment), clock: systemClock });
    }
    const config = { connection: kafkaConnection(connection, environment), groupPrefix: internal?.internalPrefix ?? '' };
    // An adapter's client is loaded by those alone who use it: it costs memory and time to start.
    const { openKafkaTransport } = await import('@dsf/transport-kafka');
    return openKafkaTransport({ ...config, clock: systemClock, createsTopics: false });
  };
  return {
    home,
    metadata,
    warehouse,
    internal: carrier,
    handover: createHandover(),
    local,
    transport(kind, connection) {
      // A connection that was changed is another one; the old stays for what has begun with it.
      const key = connection === undefined ? kind : JSON.stringify(connection);
      const opened = transports.get(key);
      if (opened !== undefined) return opened;
      const opening = open(kind, connection);
      transports.set(key, opening);
      // What could not be opened is tried anew: the secret may be there by then.
      opening.catch(() => transports.delete(key));
      return opening;
    },
    clock: systemClock,
    measures: custom,
    tracer,
    async close() {
      // One that could not be opened has told whoever asked for it.
      const opened = (await Promise.allSettled(transports.values())).flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      await closeAll(new Set([...opened, carrier]), closeDatabase);
    },
  };
};
