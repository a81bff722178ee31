import { ConfigError } from '@dsf/config';
import { Failure } from '@dsf/ports';
import { CommanderError } from 'commander';
import { CommandError, exitCodeFor, exitCodes, type ExitCode } from './exit-codes.ts';

/** How a command ended, for the shell and for its user. */
export interface Ending {
  readonly exitCode: ExitCode;
  /** Null when everything has been said. */
  readonly message: string | null;
  readonly hint: string | null;
  /** True when nobody foresaw it, so that the place in the code is worth showing. */
  readonly unexpected: boolean;
}

const said = (exitCode: ExitCode, message: string | null, hint: string | null = null): Ending => ({
  exitCode,
  message,
  hint,
  unexpected: false,
});

const ofFailure = ({ kind, code, message }: Failure): Ending => {
  if (kind === 'retry') return said(exitCodeFor(code, exitCodes.unavailable), `${message} (${code})`, 'it may work when you try again');
  return said(exitCodeFor(code, exitCodes.failure), `${message} (${code})`);
};

/** Whatever a command may throw, in words for its user. */
export const explainError = (error: unknown): Ending => {
  // Commander has printed its message, help or version itself.
  if (error instanceof CommanderError) return said(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage, null);
  if (error instanceof CommandError) return said(error.exitCode, error.message === '' ? null : error.message, error.hint);
  if (error instanceof ConfigError) return said(exitCodes.usage, error.message);
  if (error instanceof Failure) return ofFailure(error);
  const message = error instanceof Error ? error.message : String(error);
  return {
    exitCode: exitCodes.failure,
    message: `unexpected: ${message.split('\n', 1)[0] ?? ''}`,
    hint: 'set DSF_DEBUG=1 to see where it came from',
    unexpected: true,
  };
};
