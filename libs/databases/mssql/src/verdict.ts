import { Failure } from '@dsf/ports';
import type { FailureFacts, FailureKind } from '@dsf/ports';
import { databaseAdvice, loginAdvice, loginOf, type LoginKind } from './login-advice.ts';
import { isDenied, permissionAdvice } from './permission-advice.ts';

/*
 * What an error of SQL Server, or of the way to it, means for the caller. Numbers: sys.messages,
 * https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors, and for Azure SQL
 * https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues. Every unit of work is decided again as a whole, so
 * whatever may pass next time is `retry`; only what the value itself breaks is `poison`.
 */

interface Verdict {
  readonly kind: FailureKind;
  readonly code: string;
  readonly advice: Advice;
}

/** Some of it depends on how the process logs in. */
type Advice = string | ((login: LoginKind | null) => string);

const retry = (code: string, advice: string): Verdict => ({ kind: 'retry', code, advice });
const fatal = (code: string, advice: Advice): Verdict => ({ kind: 'fatal', code, advice });
const refused = 'the database refuses the value';
const poison: Verdict = { kind: 'poison', code: 'warehouse.data', advice: refused };

const changed = retry('warehouse.changed', 'the tables have changed since they were read');
const away = retry('warehouse.away', 'the server cannot be reached, or is failing over');
const memory = retry('warehouse.memory', 'SQL Server got no memory or locks for it');
const lockTimeout = retry('warehouse.lock-timeout', 'another session held a lock for longer than DSF_MSSQL_LOCK_TIMEOUT');
const snapshotConflict = retry('warehouse.snapshot-conflict', 'another session changed the row after the snapshot was taken');
const snapshotRefused = retry(
  'warehouse.snapshot-refused',
  'the database allows snapshots no longer, or not yet: ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION changes it. Reads go on without them',
);
const columnUsed = retry(
  'warehouse.column-used',
  'an index, statistics, a constraint or a view that is not of DSF stands on the column: drop what the message names, or give the index no column of text that grows; the services go on as soon as it is gone',
);
const logFull = retry(
  'warehouse.log-full',
  'the transaction log is full: back it up, or give it room; see log_reuse_wait_desc in sys.databases. The services go on as soon as there is room',
);
const diskFull = fatal('warehouse.disk-full', 'give the filegroup or the database room, then start again: what was committed is kept');
const corrupt = fatal('warehouse.corrupt', 'run DBCC CHECKDB and restore what is damaged, then start again');
const readOnly = retry('warehouse.read-only', 'the database is read-only: connect to the primary replica, or end its maintenance');
const login = fatal('warehouse.login', loginAdvice);
const databaseMissing = fatal('warehouse.database-missing', databaseAdvice);
const defect = fatal('warehouse.statement', 'this is a defect of DSF: please report it with this message');

const table = (entries: readonly (readonly [Verdict, readonly number[]])[]): ReadonlyMap<number, Verdict> =>
  new Map(entries.flatMap(([verdict, numbers]) => numbers.map((number) => [number, verdict] as const)));

const byNumber = table([
  [retry('warehouse.deadlock', 'this session was the victim of a deadlock'), [1205]],
  [lockTimeout, [1222]],
  // 41302 to 41325 are the same for memory-optimised tables.
  [snapshotConflict, [3960, 3961, 41302, 41305, 41325, 41301]],
  // Not allowed; the database was being recovered, or the setting changed, when the transaction began.
  [snapshotRefused, [3952, 3953, 3954, 3955, 3956]],
  [columnUsed, [5074, 4922, 1946]],
  [retry('warehouse.transaction-doomed', 'an earlier error has ended the transaction'), [3930, 3998, 3903, 3902, 266]],
  // Somebody else wrote the key, or the schema: unknown column, unknown object, already there.
  // 13535: another transaction changed a row with history after this one had begun. 4891, 4892: the table of a bulk load changed between its statement and its
  // rows. 4819: its rows have a key twice. 2801: what a statement was compiled for changed. 601: a row that was read without a lock moved.
  [changed, [13535, 4891, 4892, 4819, 2801, 601, 2601, 2627, 207, 208, 2705, 2714, 2750, 4902, 4924, 3701, 15151, 4936, 1913, 1779]],
  [
    poison,
    [515, 2628, 8152, 220, 232, 241, 242, 244, 245, 248, 295, 296, 8114, 8115, 8134, 8023, 8029, 511, 1701, 6522, 9803, 9807, 13609],
  ],
  [memory, [701, 802, 1204, 8645, 8651, 8657, 8658, 17803, 10928, 10929, 40549, 40550, 40551, 40552, 40553]],
  [logFull, [9002]],
  [diskFull, [1101, 1105, 5149, 40544]],
  [corrupt, [605, 823, 824, 825, 829, 5180, 7105]],
  [readOnly, [3906, 3908, 976, 978, 979]],
  [
    away,
    [
      20, 64, 121, 233, 596, 615, 921, 922, 924, 926, 927, 942, 952, 983, 4221, 6001, 6002, 6004, 6005, 6006, 9001, 10053, 10054, 10060,
      10061, 11001, 17142, 17143, 17147, 17148, 17197, 17830, 18401, 18451, 35201, 35202, 35250, 40143, 40166, 40197, 40501, 40540, 40613,
      42108, 42109, 45156, 45157, 49918, 49919, 49920, 41131, 41142, 26023, 3980, 0,
    ],
  ],
  [login, [18452, 18456, 18461, 18463, 18464, 18465, 18466, 18467, 18468, 18470, 18486, 18487, 18488, 33155, 40532]],
  [databaseMissing, [911, 916, 4060, 4064, 40914, 40915]],
]);

const constraint = (message: string): Verdict => (/\b(FOREIGN KEY|REFERENCE)\b/i.test(message) ? changed : poison);

/** By severity, for numbers that nobody listed: 17 to 19 are short of something, 20 and more end the connection. */
const bySeverity = (severity: number): Verdict => {
  if (severity >= 20) return away;
  return severity >= 17 ? memory : defect;
};

/** Errors of the driver that have no number, by its codes. */
const byDriverCode: ReadonlyMap<string, Verdict> = new Map([
  ['ESOCKET', away],
  ['ECONNCLOSED', away],
  ['ENOTOPEN', away],
  ['ENOCONN', away],
  ['ECONNRESET', away],
  ['EINVALIDSTATE', away],
  ['EABORT', away],
  ['ETIMEOUT', retry('warehouse.timeout', 'it took longer than DSF_MSSQL_REQUEST_TIMEOUT or DSF_MSSQL_CONNECT_TIMEOUT')],
  ['ECANCEL', retry('warehouse.timeout', 'the statement was cancelled')],
  ['ELOGIN', login],
  ['EFEDAUTH', login],
  [
    'EINSTLOOKUP',
    retry('warehouse.away', 'the SQL Server Browser did not answer: check DSF_MSSQL_INSTANCE, or set DSF_MSSQL_PORT instead'),
  ],
  ['EENCRYPT', fatal('warehouse.encryption', 'the server offers no encryption: give it a certificate, or set DSF_MSSQL_ENCRYPT=off')],
]);

const certificateCodes = /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_|DEPTH_ZERO|ERR_TLS|self.signed certificate|certificate/i;
const certificate = fatal(
  'warehouse.certificate',
  'the server’s certificate is not trusted: name its authority with DSF_MSSQL_CA_FILE and its name with DSF_MSSQL_CERTIFICATE_NAME, or, on the same machine alone, set DSF_MSSQL_TRUST_SERVER_CERTIFICATE=true',
);

interface DriverError extends Error {
  readonly code?: unknown;
  readonly number?: unknown;
  readonly class?: unknown;
  readonly errors?: unknown;
  readonly originalError?: unknown;
}

/** The errors behind an error: those that the server listed, and what it was made of. */
const behind = (error: DriverError): readonly DriverError[] => {
  const listed = Array.isArray(error.errors) ? error.errors.filter((one): one is DriverError => one instanceof Error) : [];
  const cause = error.cause ?? error.originalError;
  return [...listed, ...(cause instanceof Error && cause !== error ? [cause] : [])];
};

/** The number of SQL Server, wherever the driver put it. */
const numberOf = (error: DriverError, depth = 0): { readonly number: number; readonly severity: number; readonly words: string } | null => {
  if (typeof error.number === 'number')
    return { number: error.number, severity: typeof error.class === 'number' ? error.class : 16, words: error.message };
  if (depth > 3) return null;
  for (const inner of behind(error)) {
    const found = numberOf(inner, depth + 1);
    if (found !== null) return found;
  }
  return null;
};

const codeOf = (error: DriverError, depth = 0): string | null => {
  const inner = depth > 3 ? [] : behind(error).map((one) => codeOf(one, depth + 1));
  const own = typeof error.code === 'string' ? error.code : null;
  return (
    inner.find((code) => code !== null && !byDriverCode.has(code) && certificateCodes.test(code)) ??
    own ??
    inner.find((code) => code !== null) ??
    null
  );
};

const verdictOf = (error: DriverError): { readonly verdict: Verdict; readonly facts: FailureFacts } | null => {
  const found = numberOf(error);
  if (found !== null) {
    const { number, severity, words } = found;
    const facts = { mssqlNumber: number };
    if (isDenied(found, byNumber.has(number)))
      return { verdict: fatal('warehouse.permission', (as) => permissionAdvice(found, as)), facts };
    if (number === 547) return { verdict: constraint(words), facts };
    const unlisted = codeOf(error) === 'ELOGIN' ? login : bySeverity(severity);
    return { verdict: byNumber.get(number) ?? unlisted, facts };
  }
  const code = codeOf(error);
  if (code === null) return null;
  if (certificateCodes.test(code) || (byDriverCode.has(code) && /certificate/i.test(error.message)))
    return { verdict: certificate, facts: { driverCode: code } };
  const verdict = byDriverCode.get(code);
  return verdict === undefined ? null : { verdict, facts: { driverCode: code } };
};

/** A driver's message may quote the value that was refused; what stands in quotes after these words is data. */
const withoutData = (message: string): string =>
  message.replaceAll(
    /(Truncated value|The duplicate key value is|converting the \w+ value|conversion failed when converting [^']*value):? *[('"].*$/gis,
    '$1 …',
  );

/** An error of the driver as a Failure; anything else comes back as it is. */
export const failureOf = (error: unknown, facts: FailureFacts): unknown => {
  if (!(error instanceof Error) || error instanceof Failure) return error;
  const found = verdictOf(error);
  if (found === null) {
    // The driver checks values before it sends them, and throws these.
    if (error instanceof TypeError || error instanceof RangeError || error.name === 'InputError')
      return new Failure(poison.kind, poison.code, `${error.message}: ${refused}`, facts, { cause: error });
    return error;
  }
  const { kind, code, advice } = found.verdict;
  const words = typeof advice === 'string' ? advice : advice(loginOf(facts));
  return new Failure(kind, code, `${withoutData(error.message)}: ${words}`, { ...facts, ...found.facts }, { cause: error });
};

const ofLogin: ReadonlySet<string> = new Set(['warehouse.login', 'warehouse.database-missing']);

/**
 * A login that is refused after it was taken once: a server that starts refuses the logins of a database that it still recovers (4060, 18456), so that is
 * waited for. Where a person has changed the login, the breaker tells.
 */
export const refusedLater = (error: unknown): unknown =>
  error instanceof Failure && error.kind === 'fatal' && ofLogin.has(error.code)
    ? new Failure(
        'retry',
        error.code,
        `${error.message}. It worked before, so it is tried again: the server may still be starting`,
        error.facts,
        { cause: error },
      )
    : error;

/** What was lost while it committed may be there or not: the lane's compare-and-set tells when it is decided again. */
export const commitFailureOf = (error: unknown, facts: FailureFacts): unknown => {
  const failure = failureOf(error, facts);
  if (!(failure instanceof Failure) || failure.kind !== 'retry') return failure;
  return new Failure(
    'retry',
    'warehouse.commit-unknown',
    `${failure.message}; whether it was committed is not known: reload and decide again`,
    failure.facts,
    {
      cause: error,
    },
  );
};
