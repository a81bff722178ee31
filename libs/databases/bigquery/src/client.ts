import { BigQuery, type BigQueryOptions } from '@google-cloud/bigquery';
import { UserRefreshClient } from 'google-auth-library';
import { Failure } from '@dsf/ports';
import type { BigQueryConfig } from './config.ts';
import { createJobs, type Jobs, type Send } from './jobs.ts';
import { failureOf } from './verdict.ts';

export interface BigQueryClient extends Jobs {
  readonly dataset: string;
  /** Columns that one statement may add: the emulator takes one, the service as many as it likes, and counts the statements. */
  readonly columnsPerChange: number;
  /** Names and types of a table's columns; null when there is no such table. */
  columnsOf(table: string): Promise<ReadonlyMap<string, string> | null>;
  ensureDataset(): Promise<void>;
}

/** How the service is reached: by application default credentials, or an emulator that wants none. */
const openService = ({ project, location, emulator }: BigQueryConfig): BigQuery => {
  if (emulator === undefined) return new BigQuery({ projectId: project, location, autoRetry: false, userAgent: 'dsf' });
  // Of another copy of the library than BigQuery's own, which asks it for headers alone.
  const authClient = new UserRefreshClient();
  authClient.setCredentials({ access_token: 'emulator', expiry_date: Number.MAX_SAFE_INTEGER });
  return new BigQuery({
    projectId: project,
    location,
    autoRetry: false,
    apiEndpoint: emulator.restUrl,
    authClient: authClient as unknown as NonNullable<BigQueryOptions['authClient']>,
  });
};

const createSend = (config: BigQueryConfig): Send => {
  const service = openService(config);
  return <T>(method: 'GET' | 'POST', uri: string, rest: { readonly json?: object; readonly qs?: object } = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      service.request({ method, uri, ...rest }, (error: Error | null, body?: unknown) => {
        if (error) reject(failureOf(error, { dataset: config.dataset }));
        else resolve(body as T);
      });
    });
};

export const openClient = (config: BigQueryConfig): BigQueryClient => {
  const { project, dataset, location } = config;
  const request = createSend(config);
  const isMissing = (error: unknown): boolean => error instanceof Failure && error.code === 'warehouse.table-missing';

  return {
    dataset,
    columnsPerChange: config.emulator === undefined ? 500 : 1,
    ...createJobs(config, request),
    async columnsOf(table) {
      try {
        const { schema } = await request<{ schema?: { fields?: readonly { name: string; type: string }[] } }>(
          'GET',
          `/datasets/${dataset}/tables/${table}`,
        );
        return new Map((schema?.fields ?? []).map(({ name, type }) => [name.toLowerCase(), type]));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async ensureDataset() {
      try {
        await request('GET', `/datasets/${dataset}`);
      } catch (error) {
        if (!isMissing(error)) throw error;
        const json = {
          datasetReference: { projectId: project, datasetId: dataset },
          location,
          description: 'Rows of DSF, the Data Streaming Framework',
        };
        // Another process may have made it meanwhile.
        await request('POST', '/datasets', { json }).catch((failed: unknown) => {
          if (!(failed instanceof Failure && failed.code === 'warehouse.exists')) throw failed;
        });
      }
    },
  };
};
