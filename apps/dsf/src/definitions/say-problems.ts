import { formatProblem, type Problem } from '@dsf/metadata';
import { counted } from '../counted.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { jsonText } from '../json-text.ts';
import type { Session } from '../session.ts';

/** Texts of the files that problems may point into. */
export type Texts = ReadonlyMap<string, string>;

export interface Saying {
  readonly texts: Texts;
  /** Print what is refused as JSON too. */
  readonly json: boolean;
}

const isError = ({ severity }: Problem): boolean => severity === 'error';

/** A file that is not a file of definitions at all may have a problem in every line; nobody mends more than so many at a time. */
const shownMax = 100;

/** Says problems with their places, excerpts and hints: all of them, or the first hundred, errors before warnings. */
export const sayProblems = async ({ talk }: Session, problems: readonly Problem[], texts: Texts): Promise<void> => {
  const ranked = problems.length > shownMax ? problems.toSorted((a, b) => Number(isError(b)) - Number(isError(a))) : problems;
  for (const problem of ranked.slice(0, shownMax)) await talk.line(formatProblem(problem, texts.get(problem.location?.file ?? '')));
  if (ranked.length > shownMax) await talk.line(`and ${counted(ranked.length - shownMax, 'more problem')}; mend these first`);
};

/** Says every problem; to programs, as JSON. @throws CommandError `refused` when one of them is an error */
export const refuseErrors = async (session: Session, problems: readonly Problem[], { texts, json }: Saying): Promise<void> => {
  await sayProblems(session, problems, texts);
  const errors = problems.filter(isError).length;
  if (errors > 0 && json) await session.out.line(jsonText({ kind: 'refused', problems }));
  if (errors > 0) throw new CommandError(exitCodes.refused, `refused for ${counted(errors, 'error')}; nothing was changed`);
};
