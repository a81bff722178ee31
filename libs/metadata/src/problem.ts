/** Something that is wrong with definitions, for a person to mend. */
export interface Problem {
  /** Stable, documented, for example `driver.path-unknown`. */
  readonly code: string;
  /** What is wrong, in one sentence. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  /** Where in the definitions: `['drivers', 0, 'measures', 'revenue']`. */
  readonly at: readonly (string | number)[];
  /** `key`: the name of the field at `at` is meant, not its value. */
  readonly target?: 'key';
  /** The character inside the text at `at`, for a problem within an expression. */
  readonly offset?: number;
  /** Where in the file; set when the definitions came from one. Lines and columns count from 1. */
  readonly location?: { readonly file: string; readonly line: number; readonly column: number };
  readonly severity: 'error' | 'warning';
}
