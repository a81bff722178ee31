import { Failure, type FailureFacts, type FailureKind } from '@dsf/ports';

/*
 * What to do about what BigQuery says. https://cloud.google.com/bigquery/docs/error-messages and, for appends,
 * https://cloud.google.com/bigquery/docs/write-api-best-practices
 */

interface Verdict {
  readonly kind: FailureKind;
  readonly code: string;
  readonly advice: string;
}

const verdict = (kind: FailureKind, code: string, advice: string): Verdict => ({ kind, code, advice });

const quota = verdict('retry', 'warehouse.quota', 'a quota of BigQuery is used up for the moment: see Quotas in docs/bigquery.md');
const away = verdict('retry', 'warehouse.away', 'BigQuery cannot be reached');
const denied = verdict('fatal', 'warehouse.permission', 'give the account the roles of docs/bigquery.md, and check DSF_BIGQUERY_PROJECT');
const missing = verdict('retry', 'warehouse.table-missing', 'a dataset or table is not there, or not yet seen everywhere');

/** `reason` of an error of the REST API. */
const byReason: Readonly<Record<string, Verdict>> = {
  accessDenied: denied,
  billingNotEnabled: verdict('fatal', 'warehouse.billing', 'billing is not enabled for the project'),
  backendError: away,
  internalError: away,
  jobBackendError: away,
  jobInternalError: away,
  jobRateLimitExceeded: quota,
  quotaExceeded: quota,
  rateLimitExceeded: quota,
  resourcesExceeded: verdict('fatal', 'warehouse.too-large', 'a statement needs more than BigQuery gives one'),
  resourceInUse: verdict('retry', 'warehouse.busy', 'somebody else is changing the table'),
  duplicate: verdict('retry', 'warehouse.exists', 'it was made by somebody else meanwhile'),
  notFound: missing,
  stopped: away,
  timeout: verdict('retry', 'warehouse.timeout', 'a statement took too long'),
  tableUnavailable: away,
  invalidQuery: verdict('fatal', 'warehouse.statement', 'a statement of DSF was not understood: report it'),
  invalid: verdict('fatal', 'warehouse.statement', 'a request of DSF was not understood: report it'),
};

const byHttpStatus: Readonly<Record<number, Verdict>> = {
  401: denied,
  403: denied,
  404: missing,
  408: away,
  409: verdict('retry', 'warehouse.exists', 'it was made by somebody else meanwhile'),
  412: verdict('retry', 'warehouse.busy', 'somebody else has changed the table'),
  429: quota,
  500: away,
  502: away,
  503: away,
  504: away,
};

/** Rows of the last half hour or so; BigQuery tells them by its words alone. https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations */
const fresh = verdict('retry', 'warehouse.rows-fresh', 'BigQuery deletes no rows that were appended within the last half hour');

/** Codes of gRPC, as appends answer. https://grpc.io/docs/guides/status-codes/ */
const byGrpcCode: Readonly<Record<number, Verdict>> = {
  1: verdict('retry', 'warehouse.append-unknown', 'an append was cut off'),
  2: verdict('retry', 'warehouse.append-unknown', 'an append ended for a reason that BigQuery does not tell'),
  4: verdict('retry', 'warehouse.append-unknown', 'an append was not answered in time'),
  5: missing,
  // The rows do not fit what the stream knows of the table: columns that were just added are seen after a while.
  3: verdict(
    'retry',
    'warehouse.schema-changed',
    'rows do not fit the columns that the stream knows; columns that were just added are seen after a while',
  ),
  // With an offset: what stands there was written by this very append.
  6: verdict('retry', 'warehouse.append-done', 'the rows of this offset are there'),
  7: denied,
  8: quota,
  9: verdict('retry', 'warehouse.stream-lost', 'the stream takes no more: another one is opened'),
  10: verdict('retry', 'warehouse.append-unknown', 'an append was aborted'),
  // With an offset: an append before this one is missing.
  11: verdict('retry', 'warehouse.append-gap', 'an append that came before is not there: it is written first'),
  13: away,
  14: away,
  16: denied,
};

const networkCodes = new Set(['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'UND_ERR_SOCKET']);

interface Said {
  readonly code?: unknown;
  readonly status?: unknown;
  readonly message?: string;
  readonly errors?: readonly { readonly reason?: string }[];
}

const verdictOf = (error: Said): Verdict => {
  if (/rows in the streaming buffer/i.test(error.message ?? '')) return fresh;
  const reason = error.errors?.find((one) => one.reason !== undefined)?.reason;
  const known = reason === undefined ? undefined : byReason[reason];
  if (known !== undefined) return known;
  const code = typeof error.code === 'string' && /^\d+$/.test(error.code) ? Number(error.code) : error.code;
  if (typeof code === 'number') return byHttpStatus[code] ?? byGrpcCode[code] ?? away;
  if (typeof code === 'string' && networkCodes.has(code)) return away;
  if (/could not load the default credentials|invalid_grant|no access or refresh token/i.test(error.message ?? ''))
    return verdict('fatal', 'warehouse.credentials', 'there are no credentials for Google Cloud: see Credentials in docs/bigquery.md');
  return away;
};

/** Any error as a Failure with BigQuery's own words, which name tables and columns, never values. */
export const failureOf = (error: unknown, facts: FailureFacts = {}): Failure => {
  if (error instanceof Failure) return error;
  const said: Said = error instanceof Error ? error : { message: String(error) };
  const { kind, code, advice } = verdictOf(said);
  return new Failure(kind, code, `${advice} (${said.message ?? 'no words'})`, facts, { cause: error });
};

/** An append that is done already is done. */
export const isDone = (failure: Failure): boolean => failure.code === 'warehouse.append-done';
