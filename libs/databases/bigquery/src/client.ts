import { BigQuery, type BigQueryOptions } from '@google-cloud/bigquery';
import { UserRefreshClient } from 'google-auth-library';
import { Failure } from '@dsf/ports';
import type { BigQueryConfig } from './config.ts';
import { failureOf } from './verdict.ts';

/** A parameter of a statement: `@name`. */
export interface Parameter {
  readonly name: string;
  readonly type: 'INT64' | 'STRING';
  readonly value: number | string;
}

export interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Cells as text, whatever their type; lists and records as JSON. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly scannedBytes: number;
  readonly affectedRows: number;
}

export interface BigQueryClient {
  readonly dataset: string;
  /** Columns that one statement may add: the emulator takes one, the service as many as it likes, and counts the statements. */
  readonly columnsPerChange: number;
  /** Runs one statement. @param max - rows that are read; the rest is left */
  run(sql: string, parameters?: readonly Parameter[], max?: number): Promise<Answer>;
  /** Runs one question of a person, with names of tables as they stand in the dataset. @throws Failure `fatal` `query.refused` when it would do more than read */
  ask(sql: string, max: number): Promise<Answer>;
  /** Names and types of a table's columns; null when there is no such table. */
  columnsOf(table: string): Promise<ReadonlyMap<string, string> | null>;
  ensureDataset(): Promise<void>;
}

interface JobAnswer {
  readonly jobComplete?: boolean;
  readonly jobReference?: { readonly jobId?: string; readonly location?: string };
  readonly schema?: { readonly fields?: readonly { readonly name: string; readonly type: string }[] };
  readonly rows?: readonly { readonly f: readonly { readonly v: unknown }[] }[];
  readonly pageToken?: string;
  readonly totalBytesProcessed?: string;
  readonly numDmlAffectedRows?: string;
  readonly errors?: readonly { readonly reason?: string; readonly message?: string }[];
}

interface Job {
  readonly jobReference?: { readonly jobId?: string; readonly location?: string };
  readonly status?: { readonly errorResult?: { readonly reason?: string; readonly message?: string } };
  readonly statistics?: { readonly query?: { readonly statementType?: string } };
}

/** Rows asked for at once; an answer has at most 10 MB, whatever is asked for. */
const pageRowsMax = 10_000;

const cellText = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);

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

type Send = <T>(method: 'GET' | 'POST', uri: string, rest?: { readonly json?: object; readonly qs?: object }) => Promise<T>;

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

const assertDone = ({ status }: Job, dataset: string): void => {
  const failed = status?.errorResult;
  if (failed !== undefined)
    throw failureOf(Object.assign(new Error(failed.message ?? 'the statement failed'), { errors: [failed] }), { dataset });
};

/** Answers of jobs: waits for them, and reads all their pages. */
const createReader = ({ dataset, location, queryTimeoutMs }: BigQueryConfig, request: Send) => {
  /** Waits for a job that takes longer than one request may. */
  const wait = async (first: JobAnswer, max: number): Promise<JobAnswer> => {
    let answer = first;
    const startedAt = Date.now();
    while (answer.jobComplete === false) {
      if (Date.now() - startedAt > queryTimeoutMs)
        throw new Failure('retry', 'warehouse.timeout', `a statement took longer than ${queryTimeoutMs} ms`, { dataset });
      answer = await request('GET', `/queries/${first.jobReference?.jobId}`, {
        qs: {
          location: first.jobReference?.location ?? location,
          maxResults: Math.min(max, pageRowsMax),
          timeoutMs: 10_000,
          'formatOptions.useInt64Timestamp': true,
        },
      });
    }
    const { errors = [], schema, rows = [] } = answer;
    // Beside an answer they are warnings.
    const failed = errors.length > 0 && (schema?.fields ?? []).length === 0 && rows.length === 0;
    if (failed) throw failureOf(Object.assign(new Error(errors[0]?.message ?? 'the statement failed'), { errors }), { dataset });
    return answer;
  };

  /** All pages of an answer. */
  const collect = async (first: JobAnswer, max: number): Promise<Answer> => {
    const rows = [...(first.rows ?? [])];
    for (let { pageToken } = first; pageToken !== undefined && rows.length < max;) {
      const page = await request<JobAnswer>('GET', `/queries/${first.jobReference?.jobId}`, {
        qs: { location: first.jobReference?.location ?? location, pageToken, maxResults: pageRowsMax },
      });
      rows.push(...(page.rows ?? []));
      pageToken = page.pageToken;
    }
    return {
      columns: (first.schema?.fields ?? []).map(({ name, type }) => ({ name, type })),
      rows: rows.slice(0, max).map(({ f }) => f.map(({ v }) => cellText(v))),
      scannedBytes: Number(first.totalBytesProcessed ?? 0),
      affectedRows: Number(first.numDmlAffectedRows ?? 0),
    };
  };

  return { wait, collect };
};

const createJobs = (config: BigQueryConfig, request: Send): Pick<BigQueryClient, 'run' | 'ask'> => {
  const { project, dataset, location } = config;
  const { wait, collect } = createReader(config, request);

  const run: BigQueryClient['run'] = async (sql, parameters = [], max = Number.MAX_SAFE_INTEGER) => {
    const first = await wait(
      await request<JobAnswer>('POST', '/queries', {
        json: {
          query: sql,
          useLegacySql: false,
          location,
          maxResults: Math.min(max, pageRowsMax),
          timeoutMs: 10_000,
          formatOptions: { useInt64Timestamp: true },
          ...(parameters.length === 0
            ? {}
            : {
                parameterMode: 'NAMED',
                queryParameters: parameters.map(({ name, type, value }) => ({
                  name,
                  parameterType: { type },
                  parameterValue: { value: String(value) },
                })),
              }),
        },
      }),
      max,
    );
    return collect(first, max);
  };

  /** What the statement would be and read; costs nothing. */
  const ask: BigQueryClient['ask'] = async (sql, max) => {
    const query = { query: sql, useLegacySql: false, defaultDataset: { projectId: project, datasetId: dataset } };
    const tried = await request<Job>('POST', '/jobs', { json: { jobReference: { location }, configuration: { dryRun: true, query } } });
    assertDone(tried, dataset);
    const { statementType } = tried.statistics?.query ?? {};
    if (statementType !== undefined && statementType !== 'SELECT')
      throw new Failure('fatal', 'query.refused', `only reading is allowed here, this is ${statementType}: write one SELECT`);
    const job = await request<Job>('POST', '/jobs', { json: { jobReference: { location }, configuration: { query } } });
    assertDone(job, dataset);
    const first = await wait({ jobComplete: false, ...(job.jobReference === undefined ? {} : { jobReference: job.jobReference }) }, max);
    return collect(first, max);
  };

  return { run, ask };
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
