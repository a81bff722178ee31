import type { Problem } from './problem.ts';

/** A tab or control character would move the caret away from its place. */
const oneLine = (text: string): string => text.replaceAll(/[\t\p{Cc}]/gu, ' ');

const excerptMax = 160;

const excerpt = (line: string, column: number): readonly string[] => {
  const from = Math.max(0, Math.min(column - 1, line.length) - 80);
  const shown = oneLine(line.slice(from, from + excerptMax));
  return [`  | ${shown}`, `  | ${' '.repeat(Math.max(0, column - 1 - from))}^`];
};

const where = ({ location, at }: Problem): string =>
  location === undefined ? at.join('.') : `${location.file}:${location.line}:${location.column}`;

/**
 * A problem as a person reads it: `shop/pipeline.yaml:12:7 error driver.path-unknown  …`, the line with a caret, the hint.
 * @param source - text of the file that the problem is in; without it there is no excerpt
 */
export const formatProblem = (problem: Problem, source?: string): string => {
  const place = where(problem);
  const line = problem.location === undefined ? undefined : source?.split(/\r?\n/)[problem.location.line - 1];
  return [
    `${place === '' ? '' : `${place} `}${problem.severity} ${problem.code}  ${oneLine(problem.message)}`,
    ...(line === undefined || problem.location === undefined ? [] : excerpt(line, problem.location.column)),
    ...(problem.hint === undefined ? [] : [`  hint: ${oneLine(problem.hint)}`]),
  ].join('\n');
};
