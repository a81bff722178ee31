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
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

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
