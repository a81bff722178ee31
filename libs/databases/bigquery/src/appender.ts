import { managedwriter } from '@google-cloud/bigquery-storage';
import { grpc } from 'google-gax';
import { Failure } from '@dsf/ports';
import type { Value } from './cells.ts';
import type { BigQueryConfig } from './config.ts';
import type { PhysicalColumn } from './dialect.ts';
import { descriptorOf, encodeRow } from './proto-rows.ts';
import { failureOf, isDone } from './verdict.ts';

/** Rows for one table, their values in the order of the columns. */
export interface TableRows {
  readonly table: string;
  readonly columns: readonly PhysicalColumn[];
  readonly rows: readonly (readonly Value[])[];
}

/** Appends to tables, over one long-lived connection per table. */
export interface Appender {
  /** Resolves when the rows are durable and can be read. @throws Failure; some of the rows may be there all the same */
  append(rows: TableRows): Promise<void>;
  close(): Promise<void>;
}

/**
 * One stream of one table that takes requests in order. The default stream of a table: what it takes is visible at once, and it needs neither to be
 * made nor to be ended. It may keep a request twice when its answer is lost, which the views take back.
 */
export interface RowStream {
  /** @throws what BigQuery says */
  append(rows: readonly Uint8Array[]): Promise<void>;
  close(): void;
}

export type OpenStream = (table: string, columns: readonly PhysicalColumn[]) => Promise<RowStream>;

/** Bytes of rows in one request. A request has at most 10 MB with all that belongs to it. https://cloud.google.com/bigquery/quotas#write-api-limits */
export const requestBytesMax = 9_000_000;
/** Requests of one table that are under way at once. */
const requestsMax = 4;
/** Connections kept open; the one that was not used for longest is closed. */
const streamsMax = 200;

const keyOf = (columns: readonly PhysicalColumn[]): string => columns.map(({ name, type }) => `${name} ${type}`).join('\n');

/** Rows in requests that are not too large. */
const requestsOf = ({ columns, rows }: TableRows): readonly (readonly Uint8Array[])[] => {
  const requests: Uint8Array[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const encoded = encodeRow(columns, row);
    if (bytes + encoded.byteLength > requestBytesMax) {
      requests.push([]);
      bytes = 0;
    }
    requests.at(-1)?.push(encoded);
    bytes += encoded.byteLength;
  }
  return requests;
};

export const createAppender = (open: OpenStream): Appender => {
  // By table, in the order of their last use. A table that has got columns since has another stream.
  const streams = new Map<string, { readonly key: string; readonly stream: Promise<RowStream> }>();

  const drop = (table: string): void => {
    const known = streams.get(table);
    streams.delete(table);
    known?.stream.then(
      (stream) => stream.close(),
      () => undefined,
    );
  };

  const streamOf = (table: string, columns: readonly PhysicalColumn[]): Promise<RowStream> => {
    const key = keyOf(columns);
    const known = streams.get(table);
    if (known !== undefined && known.key !== key) drop(table);
    const stream = known?.key === key ? known.stream : open(table, columns);
    streams.delete(table);
    streams.set(table, { key, stream });
    const [oldest] = streams.keys();
    if (streams.size > streamsMax && oldest !== undefined) drop(oldest);
    return stream;
  };

  const send = async (stream: RowStream, rows: readonly Uint8Array[]): Promise<void> => {
    try {
      await stream.append(rows);
    } catch (error) {
      const failure = failureOf(error);
      if (!isDone(failure)) throw failure;
    }
  };

  return {
    async append(rows) {
      const requests = requestsOf(rows);
      if (requests.length === 0) return;
      try {
        const stream = await streamOf(rows.table, rows.columns);
        for (let from = 0; from < requests.length; from += requestsMax) {
          const sent = await Promise.allSettled(requests.slice(from, from + requestsMax).map((request) => send(stream, request)));
          for (const one of sent) if (one.status === 'rejected') throw one.reason;
        }
      } catch (error) {
        // What is behind the error is not known: the next append begins with a connection of its own.
        drop(rows.table);
        const failure = failureOf(error);
        throw new Failure(failure.kind, failure.code, `${rows.table}: ${failure.message}`, { table: rows.table }, { cause: failure });
      }
    },
    async close() {
      for (const table of streams.keys()) drop(table);
    },
  };
};

/** The service's, or an emulator's, default streams. */
export const openStreams = ({
  project,
  dataset,
  appendTimeoutMs,
  emulator,
}: BigQueryConfig): { readonly open: OpenStream; close(): void } => {
  const client = new managedwriter.WriterClient({
    projectId: project,
    ...(emulator === undefined
      ? {}
      : { apiEndpoint: emulator.grpcHost, port: emulator.grpcPort, sslCreds: grpc.credentials.createInsecure() }),
  });
  return {
    async open(table, columns) {
      const destinationTable = `projects/${project}/datasets/${dataset}/tables/${table}`;
      const connection = await client.createStreamConnection({ streamId: managedwriter.DefaultStream, destinationTable });
      // Without a listener an error of a connection that nobody waits for would end the process; who waits is told by its own append.
      const heard = connection.onConnectionError(() => undefined);
      const writer = new managedwriter.Writer({ connection, protoDescriptor: descriptorOf(columns) });
      return {
        async append(serializedRows) {
          const late = Promise.withResolvers<never>();
          const timer = setTimeout(
            () => late.reject(Object.assign(new Error(`no answer within ${appendTimeoutMs} ms`), { code: grpc.status.DEADLINE_EXCEEDED })),
            appendTimeoutMs,
          );
          try {
            const { error, rowErrors } = await Promise.race([
              writer.appendRows({ serializedRows: [...serializedRows] }).getResult(),
              late.promise,
            ]);
            if (error) throw Object.assign(new Error(error.message ?? 'an append was refused'), { code: error.code });
            const [refused] = rowErrors ?? [];
            if (refused !== undefined)
              throw Object.assign(new Error(refused.message ?? 'a row was refused'), { code: grpc.status.INVALID_ARGUMENT });
          } finally {
            clearTimeout(timer);
          }
        },
        close() {
          heard.off();
          writer.close();
        },
      };
    },
    close: () => client.close(),
  };
};
