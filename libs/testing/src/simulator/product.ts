import type {
  Clock,
  CustomMeasures,
  MetadataStore,
  OutgoingMessage,
  PhaseName,
  RowStore,
  Telemetry,
  Tools,
  Transport,
  Warehouse,
} from '@dsf/ports';

/*
 * The part of the product that is simulated, as it is handed in: this lib may not import it.
 */

/** Bounds that the runtime works within; as `RuntimeSettings` of the runtime. */
export interface SimulatedSettings {
  readonly recordsMax: number;
  readonly bytesMax: number;
  readonly waitMs: number;
  readonly idleMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly breakerFailures: number;
  readonly catalogPollMs: number;
  readonly retentionCheckMs: number;
  readonly groupsCachedMax: number;
  readonly drainMs: number;
}

/** What a service process is given; as `ServiceContext` of the runtime. */
export interface SimulatedContext {
  readonly metadata: MetadataStore;
  readonly warehouse: Warehouse;
  readonly internal: Transport;
  readonly transport: (kind: string) => Promise<Transport>;
  readonly clock: Clock;
  readonly tools: Tools;
  readonly measures: CustomMeasures;
  readonly telemetry: Telemetry;
  readonly settings: SimulatedSettings;
  readonly random: () => number;
  /** The same object for all services of one process, and for no others: what they share hangs on it. */
  readonly process: object;
  /** To be told what may go to a topic's lanes by hand, before it does, as the messages that would be sent instead. */
  readonly offers: (topic: string, messages: readonly OutgoingMessage[]) => void;
}

/** One of the four services: runs until `stop` aborts and what was begun is finished. */
export type RunService = (context: SimulatedContext, stop: AbortSignal) => Promise<void>;

/** What an operator's command is given. */
export interface OperatorContext {
  readonly warehouse: Warehouse;
  readonly metadata: MetadataStore;
  readonly internal: Transport;
  readonly clock: Clock;
}

export interface Product extends Readonly<Record<PhaseName, RunService>> {
  /** Changes the number of lanes; killed half-way, the same call goes on. */
  readonly resize: (context: OperatorContext, lanes: number, signal: AbortSignal) => Promise<unknown>;
  /** One warehouse of a state database and a store of rows. */
  readonly split: (parts: {
    readonly state: Warehouse;
    readonly rows: RowStore;
    readonly currentVersion: () => Promise<number>;
  }) => Warehouse;
  /** To be called after an older database was restored, before any service starts. */
  readonly recover: (context: OperatorContext) => Promise<unknown>;
}
