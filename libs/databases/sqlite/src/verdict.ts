import { Failure } from '@dsf/ports';
import type { FailureFacts, FailureKind } from '@dsf/ports';

/*
 * What an error of SQLite means for the caller. Result codes: https://sqlite.org/rescode.html; the low byte is the primary code.
 * A missing table or column and a duplicate key mean that somebody changed the database since we last looked: reload and decide
 * again. Only what the value itself breaks is poison.
 */

interface Verdict {
  readonly kind: FailureKind;
  readonly code: string;
  readonly advice: string;
}

const retry = (code: string, advice: string): Verdict => ({ kind: 'retry', code, advice });
const fatal = (code: string, advice: string): Verdict => ({ kind: 'fatal', code, advice });
const poison: Verdict = { kind: 'poison', code: 'warehouse.data', advice: 'the database refuses the value' };
const busy = retry('warehouse.busy', 'another process holds the write lock');
const changed = retry('warehouse.changed', 'the tables have changed since they were read');

const byPrimaryCode: ReadonlyMap<number, Verdict> = new Map([
  [3, fatal('warehouse.permission', 'give this user read and write access to the database file and its folder')],
  [5, busy],
  [6, busy],
  [7, retry('warehouse.memory', 'SQLite got no memory')],
  [8, fatal('warehouse.read-only', 'give this user write access to the database file and its folder')],
  [10, fatal('warehouse.disk', 'check the disk that holds the database, then start again: what was committed is kept')],
  [11, fatal('warehouse.corrupt', 'the file is damaged: stop all services and restore a backup')],
  [13, fatal('warehouse.disk-full', 'free space on the disk that holds the database, then start again: what was committed is kept')],
  [14, fatal('warehouse.cannot-open', 'check that the folder exists and that this user may write to it')],
  [17, changed],
  [18, poison],
  [20, poison],
  [26, fatal('warehouse.not-a-database', 'the file is not a SQLite database: name another file')],
]);

const constraint = (errcode: number): Verdict => {
  // UNIQUE 2067, PRIMARYKEY 1555, ROWID 2579: somebody else wrote the key. FOREIGNKEY 787: the parent was deleted under us.
  if (errcode === 2067 || errcode === 1555 || errcode === 2579 || errcode === 787) return changed;
  return poison;
};

const verdictOf = (errcode: number, message: string): Verdict => {
  const primary = errcode & 0xff;
  if (primary === 19) return constraint(errcode);
  if (primary === 1 && /no such (table|column)|has no column named|already exists|duplicate column name/.test(message)) return changed;
  return byPrimaryCode.get(primary) ?? fatal('warehouse.statement', 'this is a defect of DSF: please report it with this message');
};

const errcodeOf = (error: unknown): number | null => {
  if (!(error instanceof Error) || !('code' in error)) return null;
  if (error.code === 'ERR_SQLITE_ERROR' && 'errcode' in error && typeof error.errcode === 'number') return error.errcode;
  return null;
};

/** A bigint beyond 64 bits, refused by node:sqlite before SQLite sees it. */
const isUnbindable = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_INVALID_ARG_VALUE' &&
  error.message.includes('BigInt value is too large');

export const isBusy = (error: unknown): boolean => {
  const errcode = errcodeOf(error);
  return errcode !== null && ((errcode & 0xff) === 5 || (errcode & 0xff) === 6);
};

/** An error of SQLite as a Failure; anything else comes back as it is. */
export const failureOf = (error: unknown, facts: FailureFacts): unknown => {
  if (isUnbindable(error))
    return new Failure(poison.kind, poison.code, `${poison.advice}: an integer beyond 64 bits`, facts, { cause: error });
  const errcode = errcodeOf(error);
  if (errcode === null || !(error instanceof Error)) return error;
  const verdict = verdictOf(errcode, error.message);
  return new Failure(
    verdict.kind,
    verdict.code,
    `${error.message}: ${verdict.advice}`,
    { ...facts, sqliteCode: errcode },
    { cause: error },
  );
};
