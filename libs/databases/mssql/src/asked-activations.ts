import { placeInTables } from '@dsf/metadata';
import type { Definitions, Problem } from '@dsf/metadata';
import { Refusal, type MetadataStore } from '@dsf/ports';
import { decide, insertVersion } from './activation.ts';
import type { MssqlClient } from './client.ts';
import { integer, text as textOf, truth } from './columns.ts';
import type { Connection } from './connection.ts';
import { document, integer as int, moment, raw, sql, word } from './sql.ts';

/*
 * Activations that people ask for with T-SQL: rows of activation, which the procedure `activate` writes. Each is carried out and answered in one
 * transaction, so that of several services one does it.
 */

type Asked = Parameters<NonNullable<MetadataStore['activateAsked']>>[0];

interface Answer {
  readonly outcome: 'activated' | 'unchanged' | 'valid' | 'refused';
  readonly version: number | null;
  readonly problems: readonly Problem[];
  /** What the problems are in. */
  readonly definitions: Definitions | null;
}

const carryOut = async (
  connection: Connection,
  asked: Asked,
  request: { readonly comment: string; readonly onlyCheck: boolean },
): Promise<Answer> => {
  try {
    const decision = await decide(connection, { ...asked, comment: request.comment });
    if (decision.kind === 'unchanged') return { outcome: 'unchanged', version: decision.version, problems: [], definitions: null };
    if (!request.onlyCheck) await insertVersion(connection, decision);
    const { problems, version, snapshot } = decision;
    return request.onlyCheck
      ? { outcome: 'valid', version: null, problems, definitions: snapshot.definitions }
      : { outcome: 'activated', version, problems, definitions: snapshot.definitions };
  } catch (error) {
    // Nothing was written before it was refused.
    if (error instanceof Refusal) return { outcome: 'refused', version: null, problems: error.problems, definitions: error.definitions };
    throw error;
  }
};

/** As the view `validate` reads them. */
const problemsText = (connection: Connection, { problems, definitions }: Answer): string =>
  JSON.stringify(
    problems.map(({ severity, code, message, hint, at }) => ({
      severity,
      code,
      message: message.toWellFormed().replaceAll('\0', ''),
      hint: hint ?? null,
      place: definitions === null ? '' : placeInTables(definitions, at, (table) => `${connection.schemas.base}_config.${table}`),
    })),
  );

const firstOpen = (connection: Connection): ReturnType<Connection['first']> =>
  connection.first(
    sql`SELECT TOP (1) [id], [comment], [only_check] FROM ${raw(connection.schemas.config)}.[activation] WHERE [answered_at] IS NULL ORDER BY [id]`,
  );

/** The oldest; false when there is none. */
const answerNext = async (connection: Connection, asked: Asked): Promise<boolean> => {
  const row = await firstOpen(connection);
  if (row === undefined) return false;
  const [id, comment, onlyCheck] = row;
  const answer = await carryOut(connection, asked, { comment: textOf(comment), onlyCheck: truth(onlyCheck) });
  await connection.run(
    sql`UPDATE ${raw(connection.schemas.config)}.[activation] SET [answered_at] = ${moment(asked.now)}, [outcome] = ${word(answer.outcome)}, [version] = ${int(answer.version)}, [problems] = ${document(problemsText(connection, answer))} WHERE [id] = ${int(integer(id))}`,
  );
  return true;
};

/** Answered in one call; the others wait for the next. */
const answersMax = 100;

export const activateAsked = async (client: MssqlClient, asked: Asked): Promise<number> => {
  if ((await client.read(firstOpen)) === undefined) return 0;
  let answered = 0;
  while (answered < answersMax && (await client.writeAlone('config', (connection) => answerNext(connection, asked)))) answered += 1;
  return answered;
};
