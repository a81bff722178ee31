import { Failure } from '@dsf/ports';

/** Primary result codes, see sqlite.org/rescode.html. */
const codes = { busy: 5, locked: 6, readOnly: 8, io: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** The primary result code of an error of `node:sqlite`; null for any other error. */
const resultCode = (error: unknown): number | null => {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  // Extended codes carry the primary one in their low byte.
  return error.errcode & 0xff;
};

export const isBusy = (error: unknown): boolean => {
  const code = resultCode(error);
  return code === codes.busy || code === codes.locked;
};

/** Says in DSF's words what went wrong with the file of the log. Failures pass unchanged. */
export const asTransportFailure = (error: unknown, file: string): Failure => {
  if (error instanceof Failure) return error;
  const text = error instanceof Error ? error.message : String(error);
  const facts = { file };
  switch (resultCode(error)) {
    case codes.busy:
    case codes.locked:
      return new Failure('retry', 'transport.busy', `another process is writing to the log ${file}`, facts, { cause: error });
    case codes.full:
      return new Failure(
        'retry',
        'transport.disk-full',
        `no room left on the disk of the log ${file}; free some, DSF goes on by itself`,
        facts,
        { cause: error },
      );
    case codes.io:
    case codes.cannotOpen:
      return new Failure('retry', 'transport.unavailable', `cannot reach the log ${file}: ${text}`, facts, { cause: error });
    case codes.readOnly:
      return new Failure(
        'fatal',
        'transport.read-only',
        `the log ${file} cannot be written: check the rights on the file and its folder`,
        facts,
        { cause: error },
      );
    case codes.corrupt:
    case codes.notADatabase:
      return new Failure('fatal', 'transport.corrupt', `${file} is not a sound log: ${text}`, facts, { cause: error });
    default:
      return new Failure('fatal', 'transport.failed', `the log ${file} failed: ${text}`, facts, { cause: error });
  }
};
