/*
 * The part of kafkajs 2.2.4 below its producer and consumer: connections, authentication, cluster metadata, group coordination. Its
 * version is fixed exactly, since none of this is documented. What is used is declared here and nothing more.
 */
declare module 'kafkajs/src/cluster/index.js' {
  /** A request in Kafka's own words: `encode` gives the bytes after the header, `decode` gets those after it. */
  export interface WireRequest<Response> {
    readonly request: {
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly apiName: string;
      readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
    };
    readonly response: {
      readonly decode: (raw: Buffer) => Promise<Response>;
      readonly parse: (response: Response) => Promise<Response>;
    };
  }

  export interface GroupMember {
    readonly memberId: string;
    readonly memberMetadata: Buffer;
  }

  export interface Broker {
    readonly nodeId: number;
    readonly connectionPool: { readonly send: <Response>(request: WireRequest<Response>) => Promise<Response> };
    /** By the number of the request. */
    readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
    readonly isConnected: () => boolean;
    findGroupCoordinator(request: {
      readonly groupId: string;
      readonly coordinatorType: number;
    }): Promise<{ readonly coordinator: { readonly nodeId: number } }>;
    joinGroup(request: {
      readonly groupId: string;
      readonly sessionTimeout: number;
      readonly rebalanceTimeout: number;
      readonly memberId: string;
      readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
    }): Promise<{
      readonly generationId: number;
      readonly leaderId: string;
      readonly memberId: string;
      readonly members: readonly GroupMember[];
    }>;
    syncGroup(request: {
      readonly groupId: string;
      readonly generationId: number;
      readonly memberId: string;
      readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
    }): Promise<{ readonly memberAssignment: Buffer }>;
    heartbeat(request: { readonly groupId: string; readonly groupGenerationId: number; readonly memberId: string }): Promise<unknown>;
    leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
    offsetCommit(request: {
      readonly groupId: string;
      readonly groupGenerationId: number;
      readonly memberId: string;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
      }[];
    }): Promise<unknown>;
    offsetFetch(request: {
      readonly groupId: string;
      readonly topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number }[] }[];
    }): Promise<{
      readonly responses: readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[];
    }>;
    listOffsets(request: {
      readonly replicaId: number;
      readonly isolationLevel: number;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[];
      }[];
    }): Promise<{ readonly responses: readonly { readonly partitions: readonly { readonly offset: string }[] }[] }>;
    describeConfigs(request: {
      readonly resources: readonly { readonly type: number; readonly name: string; readonly configNames: readonly string[] }[];
    }): Promise<{
      readonly resources: readonly { readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[] }[];
    }>;
    initProducerId(request: { readonly transactionalId?: string; readonly transactionTimeout?: number }): Promise<{
      readonly producerId: string;
      readonly producerEpoch: number;
    }>;
    addPartitionsToTxn(request: {
      readonly transactionalId: string;
      readonly producerId: string;
      readonly producerEpoch: number;
      readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
    }): Promise<unknown>;
    endTxn(request: {
      readonly transactionalId: string;
      readonly producerId: string;
      readonly producerEpoch: number;
      readonly transactionResult: boolean;
    }): Promise<unknown>;
  }

  export interface ClusterMetadata {
    readonly clusterId: string;
    readonly topicMetadata: readonly {
      readonly topic: string;
      readonly partitionMetadata: readonly {
        readonly partitionId: number;
        readonly leader: number;
        readonly replicas: readonly number[];
      }[];
    }[];
  }

  export default class Cluster {
    constructor(options: Readonly<Record<string, unknown>>);
    readonly brokerPool: {
      readonly metadata: ClusterMetadata | null;
      /** Of the list that the connection names, the one that was asked last. */
      readonly seedBroker: Broker | undefined;
      /** Ends its connections, and takes the next one of the list. */
      readonly createSeedBroker: () => Promise<void>;
      readonly refreshMetadata: (topics: readonly string[]) => Promise<void>;
      readonly findConnectedBroker: () => Promise<Broker>;
      readonly findBroker: (where: { readonly nodeId: number }) => Promise<Broker>;
    };
    connect(): Promise<void>;
    disconnect(): Promise<void>;
  }
}

declare module 'kafkajs/src/loggers/index.js' {
  const loggers: {
    readonly createLogger: (options: { readonly level: number; readonly logCreator: () => (entry: unknown) => void }) => unknown;
  };
  export default loggers;
}

declare module 'kafkajs/src/protocol/error.js' {
  const errors: {
    readonly createErrorFromCode: (code: number) => Error;
    readonly errorCodes: readonly { readonly type: string; readonly code: number }[];
  };
  export default errors;
}

declare module 'kafkajs/src/errors.js' {
  /** Those that the types of kafkajs lack or have otherwise. */
  const classes: {
    readonly KafkaJSConnectionClosedError: new (message: string, at: { readonly host: string; readonly port: number }) => Error;
    readonly KafkaJSCreateTopicError: new (cause: Error, topic: string) => Error;
    readonly KafkaJSDeleteTopicRecordsError: new (failed: { readonly partitions: readonly { readonly error: Error }[] }) => Error;
    readonly KafkaJSSASLAuthenticationError: new (message: string) => Error;
  };
  export default classes;
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  /** Requests of one connection that wait for their turn. */
  export default class RequestQueue {
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests: (this: RequestQueue) => void;
  }
}

declare module 'kafkajs/src/network/connection.js' {
  export default class Connection {
    /** What has arrived and is not a whole answer yet, and how many bytes that is. */
    readonly chunks: Buffer[];
    readonly bytesBuffered: number;
    processData: (this: Connection, data: Buffer) => void;
  }
}
