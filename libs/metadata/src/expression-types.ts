import type { Value } from '@dsf/messages';

/** A parsed CEL expression over paths. Numbers are exact decimals throughout; nothing in it can reach outside its inputs. */
export interface Expression {
  readonly text: string;
  /** Set when the expression is nothing but one path, so that a caller may read the value itself. */
  readonly path: string | null;
  /** Every path that the expression reads, in the form of path.ts. */
  readonly paths: readonly string[];
  /**
   * @param read - the value at a path; null when there is none
   * @returns null where an operator met a null that it has no meaning for (SQL's rule), else the value
   * @throws ExpressionError for anything else, such as text compared with a number
   */
  evaluate(read: (path: string) => Value): Value;
}

/** An expression that does not parse (`start` is the character where) or cannot be computed for a row. */
export class ExpressionError extends Error {
  readonly start: number;
  constructor(message: string, start = 0) {
    super(message);
    this.name = 'ExpressionError';
    this.start = start;
  }
}
