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

/** Says every problem with its place, excerpt and hint. */
export const sayProblems = async ({ talk }: Session, problems: readonly Problem[], texts: Texts): Promise<void> => {
  for (const problem of problems) await talk.line(formatProblem(problem, texts.get(problem.location?.file ?? '')));
};

/** Says every problem; to programs, as JSON. @throws CommandError `refused` when one of them is an error */
export const refuseErrors = async (session: Session, problems: readonly Problem[], { texts, json }: Saying): Promise<void> => {
  await sayProblems(session, problems, texts);
  const errors = problems.filter(isError).length;
  if (errors > 0 && json) await session.out.line(jsonText({ kind: 'refused', problems }));
  if (errors > 0) throw new CommandError(exitCodes.refused, `refused for ${counted(errors, 'error')}; nothing was changed`);
};
