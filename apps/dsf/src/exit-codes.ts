import { exitCodeOf } from '@dsf/wiring';

/** What the exit code of `dsf` says; documented in docs/cli.md, so these numbers never change. */
export const exitCodes = {
  ok: 0,
  /** It did not work, and trying the same again will not help. */
  failure: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** Definitions were refused; nothing was changed. */
  refused: 3,
  /** Busy or away; trying again later may help. */
  unavailable: 4,
  /** A service stopped, and a person must act. */
  stopped: 5,
  /** The name of a broker means nothing. */
  host: 10,
  /** A login, a certificate or a secret is not what it should be. */
  login: 11,
  /** A topic is missing or has too few partitions. */
  topic: 12,
  /** The user may not do that. */
  denied: 13,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const codes: readonly number[] = Object.values(exitCodes);
const isExitCode = (code: number | null): code is ExitCode => code !== null && codes.includes(code);

/** @param code - of a Failure; null where there is none */
export const exitCodeFor = (code: string | null, otherwise: ExitCode): ExitCode => {
  const own = code === null ? null : exitCodeOf(code);
  return isExitCode(own) ? own : otherwise;
};

/** An end of a command that its user is to read: what is wrong, and what to do. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | null;
  constructor(exitCode: ExitCode, message: string, hint: string | null = null) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
