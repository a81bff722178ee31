import { parseExpression } from '../expression.ts';
import { ExpressionError } from '../expression-types.ts';
import type { Expression } from '../expression-types.ts';
import type { Problem } from '../problem.ts';

export type At = Problem['at'];
export type Finding = Pick<Problem, 'code' | 'message' | 'hint' | 'target' | 'offset'>;

/** Gathers everything that is wrong, so that a person sees all of it at once. */
export interface Report {
  readonly problems: readonly Problem[];
  readonly error: (at: At, finding: Finding) => void;
  readonly warn: (at: At, finding: Finding) => void;
  /** Runs a parser; what it throws becomes a problem `expression.invalid` at its character, and the result null. */
  readonly attempt: <T>(at: At, parse: () => T, shift?: number) => T | null;
}

export const createReport = (): Report => {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  // A driver's expression is checked for each of its inputs; the same finding twice helps nobody.
  const add = (problem: Problem): void => {
    const identity = JSON.stringify([problem.code, problem.at, problem.message]);
    if (!seen.has(identity)) problems.push(problem);
    seen.add(identity);
  };
  const error = (at: At, finding: Finding): void => add({ ...finding, at, severity: 'error' });
  return {
    problems,
    error,
    warn: (at, finding) => add({ ...finding, at, severity: 'warning' }),
    attempt: (at, parse, shift = 0) => {
      try {
        return parse();
      } catch (thrown) {
        if (!(thrown instanceof ExpressionError)) throw thrown;
        error(at, { code: 'expression.invalid', message: `the expression is wrong: ${thrown.message}`, offset: thrown.start + shift });
        return null;
      }
    },
  };
};

/** The expression, or null and a problem. `shift` is where it begins in the text at `at`. */
export const checkExpression = (
  report: Report,
  at: At,
  { text, shift = 0 }: { readonly text: string; readonly shift?: number },
): Expression | null => report.attempt(at, () => parseExpression(text), shift);
