import { Failure } from '@dsf/ports';
import type { BigQueryConfig } from './config.ts';
import { failureOf } from './verdict.ts';

/*
 * Statements, which BigQuery calls jobs.
 */

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

export interface Jobs {
  /** Runs one statement. @param max - rows that are read; the rest is left */
  run(sql: string, parameters?: readonly Parameter[], max?: number): Promise<Answer>;
  /** Bytes that the statement would scan; costs nothing. */
  estimate(sql: string): Promise<number>;
  /**
   * Runs one statement whose answer may be large: page by page. @param watch - `beat` is called while the answer is awaited, and ends that by throwing
   * @returns bytes scanned
   */
  each(sql: string, watch: { readonly beat: () => void; readonly page: (rows: Answer['rows']) => void }): Promise<number>;
  /** Runs one question of a person, with names of tables as they stand in the dataset. @throws Failure `fatal` `query.refused` when it would do more than read */
  ask(sql: string, max: number): Promise<Answer>;
}

export type Send = <T>(method: 'GET' | 'POST', uri: string, rest?: { readonly json?: object; readonly qs?: object }) => Promise<T>;

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
  readonly statistics?: { readonly totalBytesProcessed?: string; readonly query?: { readonly statementType?: string } };
}

/** Rows asked for at once; an answer has at most 10 MB, whatever is asked for. */
const pageRowsMax = 10_000;

const cellText = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);

const assertDone = ({ status }: Job, dataset: string): void => {
  const failed = status?.errorResult;
  if (failed !== undefined)
    throw failureOf(Object.assign(new Error(failed.message ?? 'the statement failed'), { errors: [failed] }), { dataset });
};

interface Watch {
  /** Called while a statement is waited for; what it throws ends the wait. */
  readonly beat: () => void;
  /** Rows that are wanted. */
  readonly max: number;
}

const cellsOf = (rows: JobAnswer['rows'] = []): Answer['rows'] => rows.map(({ f }) => f.map(({ v }) => cellText(v)));

/** Answers of jobs: waits for them, and reads all their pages. */
const createReader = ({ dataset, location, queryTimeoutMs }: BigQueryConfig, request: Send) => {
  const uriOf = ({ jobReference }: JobAnswer): string => `/queries/${jobReference?.jobId}`;
  const placeOf = ({ jobReference }: JobAnswer): string => jobReference?.location ?? location;

  /** Nobody waits for it any more; that it goes on is no harm, but costs. */
  const cancel = async ({ jobReference }: JobAnswer): Promise<void> => {
    if (jobReference?.jobId === undefined) return;
    await request('POST', `/jobs/${jobReference.jobId}/cancel`, { qs: { location: jobReference.location ?? location } }).catch(
      () => undefined,
    );
  };

  /** Waits for a job that takes longer than one request may. */
  const wait = async (first: JobAnswer, { beat, max }: Watch): Promise<JobAnswer> => {
    let answer = first;
    const startedAt = Date.now();
    try {
      while (answer.jobComplete === false) {
        beat();
        if (Date.now() - startedAt > queryTimeoutMs)
          throw new Failure('retry', 'warehouse.timeout', `a statement took longer than ${queryTimeoutMs} ms`, { dataset });
        answer = await request('GET', uriOf(first), {
          qs: {
            location: placeOf(first),
            maxResults: Math.min(max, pageRowsMax),
            timeoutMs: 10_000,
            'formatOptions.useInt64Timestamp': true,
          },
        });
      }
    } catch (error) {
      await cancel(first);
      throw error;
    }
    const { errors = [], schema, rows = [] } = answer;
    // Beside an answer they are warnings.
    const failed = errors.length > 0 && (schema?.fields ?? []).length === 0 && rows.length === 0;
    if (failed) throw failureOf(Object.assign(new Error(errors[0]?.message ?? 'the statement failed'), { errors }), { dataset });
    return answer;
  };

  /** The pages of an answer, until `max` rows have come. */
  async function* pages(first: JobAnswer, { beat, max }: Watch): AsyncGenerator<Answer['rows']> {
    yield cellsOf(first.rows);
    let read = first.rows?.length ?? 0;
    for (let { pageToken } = first; pageToken !== undefined && read < max;) {
      beat();
      const page = await request<JobAnswer>('GET', uriOf(first), { qs: { location: placeOf(first), pageToken, maxResults: pageRowsMax } });
      yield cellsOf(page.rows);
      read += page.rows?.length ?? 0;
      pageToken = page.pageToken;
    }
  }

  const collect = async (first: JobAnswer, watch: Watch): Promise<Answer> => {
    const rows: Answer['rows'][number][] = [];
    for await (const page of pages(first, watch)) for (const row of page) rows.push(row);
    return {
      columns: (first.schema?.fields ?? []).map(({ name, type }) => ({ name, type })),
      rows: rows.slice(0, watch.max),
      scannedBytes: Number(first.totalBytesProcessed ?? 0),
      affectedRows: Number(first.numDmlAffectedRows ?? 0),
    };
  };

  return { wait, pages, collect };
};

const unwatched = (max: number): Watch => ({ beat: () => undefined, max });

const queryParameters = (parameters: readonly Parameter[]): object =>
  parameters.length === 0
    ? {}
    : {
        parameterMode: 'NAMED',
        queryParameters: parameters.map(({ name, type, value }) => ({
          name,
          parameterType: { type },
          parameterValue: { value: String(value) },
        })),
      };

export const createJobs = (config: BigQueryConfig, request: Send): Jobs => {
  const { project, dataset, location } = config;
  const { wait, pages, collect } = createReader(config, request);
  const defaultDataset = { projectId: project, datasetId: dataset };

  const start = async (sql: string, parameters: readonly Parameter[], watch: Watch): Promise<JobAnswer> =>
    wait(
      await request<JobAnswer>('POST', '/queries', {
        json: {
          query: sql,
          useLegacySql: false,
          location,
          maxResults: Math.min(watch.max, pageRowsMax),
          timeoutMs: 10_000,
          formatOptions: { useInt64Timestamp: true },
          ...queryParameters(parameters),
        },
      }),
      watch,
    );

  /** What the statement would be and read; costs nothing. */
  const dryRun = async (query: object): Promise<Job> => {
    const tried = await request<Job>('POST', '/jobs', { json: { jobReference: { location }, configuration: { dryRun: true, query } } });
    assertDone(tried, dataset);
    return tried;
  };

  return {
    async run(sql, parameters = [], max = Number.MAX_SAFE_INTEGER) {
      return collect(await start(sql, parameters, unwatched(max)), unwatched(max));
    },
    async estimate(sql) {
      const { statistics } = await dryRun({ query: sql, useLegacySql: false });
      return Number(statistics?.totalBytesProcessed ?? 0);
    },
    async each(sql, { beat, page }) {
      const watch = { beat, max: Number.MAX_SAFE_INTEGER };
      const first = await start(sql, [], watch);
      for await (const rows of pages(first, watch)) page(rows);
      return Number(first.totalBytesProcessed ?? 0);
    },
    async ask(sql, max) {
      const query = { query: sql, useLegacySql: false, defaultDataset };
      const { statementType } = (await dryRun(query)).statistics?.query ?? {};
      if (statementType !== undefined && statementType !== 'SELECT')
        throw new Failure('fatal', 'query.refused', `only reading is allowed here, this is ${statementType}: write one SELECT`);
      const job = await request<Job>('POST', '/jobs', { json: { jobReference: { location }, configuration: { query } } });
      assertDone(job, dataset);
      const { jobReference } = job;
      const first = await wait({ jobComplete: false, ...(jobReference === undefined ? {} : { jobReference }) }, unwatched(max));
      return collect(first, unwatched(max));
    },
  };
};
