import { Failure } from '@dsf/ports';
import { quoteName } from './dialect.ts';

/*
 * A question in T-SQL, before it is asked. It must be one statement that reads: T-SQL needs no semicolon between statements, takes a first word that
 * it does not know for a procedure to run, and has SELECT … INTO; so the words are looked at, outside of texts, quoted names and comments. This is the
 * first of three walls: the transaction is rolled back whatever happens, and the login should have the role of readers alone.
 */

export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'sign';
  /** As it is written; a quoted name without its quotes. */
  readonly text: string;
  readonly at: number;
  readonly end: number;
}

const refused = (message: string): Failure => new Failure('fatal', 'query.refused', message);

const wordPattern = /[\p{L}_@#][\p{L}\p{N}_@#$]*/uy;
const numberPattern = /\d[\w.]*/y;

/** End of something that begins at `from` and ends with `close`, doubled where it is meant. */
const endOfQuoted = (sql: string, from: number, close: string): number => {
  for (let at = from; at < sql.length; at += 1) {
    if (sql[at] !== close) continue;
    if (sql[at + 1] !== close) return at + 1;
    at += 1;
  }
  throw refused(`a ${close} is missing at the end`);
};

/** T-SQL's block comments nest. */
const endOfComment = (sql: string, from: number): number => {
  let depth = 0;
  for (let at = from; at < sql.length - 1; at += 1) {
    const two = sql.slice(at, at + 2);
    if (two !== '/*' && two !== '*/') continue;
    depth += two === '/*' ? 1 : -1;
    at += 1;
    if (depth === 0) return at + 1;
  }
  throw refused('a */ is missing at the end');
};

const matchAt = (pattern: RegExp, sql: string, at: number): string | null => {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0] ?? null;
};

const quotes: Readonly<Record<string, { readonly close: string; readonly kind: 'name' | 'text' }>> = {
  '[': { close: ']', kind: 'name' },
  '"': { close: '"', kind: 'name' },
  "'": { close: "'", kind: 'text' },
};

/** Where the next token begins: behind blanks and comments. */
const skipBlank = (sql: string, from: number): number => {
  let at = from;
  for (;;) {
    const letter = sql[at];
    if (letter === undefined) return at;
    if (/\s/.test(letter)) at += 1;
    else if (sql.startsWith('--', at)) {
      const end = sql.indexOf('\n', at);
      at = end < 0 ? sql.length : end + 1;
    } else if (sql.startsWith('/*', at)) at = endOfComment(sql, at);
    else return at;
  }
};

const tokenAt = (sql: string, at: number): Token => {
  const letter = sql.charAt(at);
  const quote = quotes[letter];
  if (quote !== undefined) {
    const end = endOfQuoted(sql, at + 1, quote.close);
    return { kind: quote.kind, text: sql.slice(at + 1, end - 1).replaceAll(quote.close.repeat(2), quote.close), at, end };
  }
  const word = matchAt(wordPattern, sql, at);
  if (word !== null) return { kind: 'word', text: word, at, end: at + word.length };
  const number = matchAt(numberPattern, sql, at) ?? letter;
  return { kind: 'sign', text: number, at, end: at + number.length };
};

const tokensOf = (sql: string): readonly Token[] => {
  const tokens: Token[] = [];
  for (let at = skipBlank(sql, 0); at < sql.length; at = skipBlank(sql, at)) {
    const token = tokenAt(sql, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
};

/** Reserved words that begin or make a statement which is no question; as a name they would stand in brackets. https://learn.microsoft.com/sql/t-sql/language-elements/reserved-keywords-transact-sql */
const forbidden: ReadonlySet<string> = new Set(
  `ADD ALTER BACKUP BEGIN BREAK BULK CHECKPOINT CLOSE COMMIT CONTINUE CREATE DBCC DEALLOCATE DECLARE DELETE DENY DISABLE DROP DUMP ENABLE EXEC EXECUTE
  GOTO GRANT IF INSERT INTO KILL LINENO LOAD MERGE OPEN OPENDATASOURCE OPENQUERY OPENROWSET PRINT RAISERROR READTEXT RECONFIGURE RESTORE RETURN REVERT REVOKE ROLLBACK SAVE SET SETUSER
  SHUTDOWN THROW TRUNCATE UPDATE UPDATETEXT USE WAITFOR WHILE WRITETEXT`.split(/\s+/),
);

const upper = ({ kind, text }: Token): string => (kind === 'word' ? text.toUpperCase() : '');

/**
 * @returns its tokens; the first is SELECT or WITH, or else something that only the server can explain
 * @throws Failure `fatal` `query.refused`
 */
export const readQuestion = (sql: string): readonly Token[] => {
  if (sql.includes('\0')) throw refused('the statement holds a NUL character');
  const all = tokensOf(sql);
  const end = all.findIndex(({ text, kind }) => kind === 'sign' && text === ';');
  const tokens = end < 0 ? all : all.slice(0, end);
  if (tokens.length === 0) throw refused('there is no statement: write one SELECT');
  if (end >= 0 && end < all.length - 1) throw refused('only one statement is allowed: put nothing after the first `;`');
  const wrong = tokens.find((token) => forbidden.has(upper(token)));
  if (wrong !== undefined) throw refused(`only reading is allowed here (${wrong.text}): write one SELECT`);
  if (tokens.some((token, index) => upper(token) === 'NEXT' && upper(tokens[index + 1] ?? token) === 'VALUE'))
    throw refused('only reading is allowed here (NEXT VALUE FOR): write one SELECT');
  return tokens;
};

export const isSelect = (tokens: readonly Token[]): boolean => tokens[0] !== undefined && ['SELECT', 'WITH'].includes(upper(tokens[0]));

/** Names that the statement gives itself: WITH name AS (…), and aliases do no harm. */
const ownNames = (tokens: readonly Token[]): ReadonlySet<string> =>
  new Set(
    tokens.flatMap((token, index) => {
      const previous = tokens[index - 1];
      const isHead = previous !== undefined && (upper(previous) === 'WITH' || previous.text === ',');
      const next = tokens[index + 1];
      return isHead && next !== undefined && (upper(next) === 'AS' || next.text === '(') ? [token.text.toLowerCase()] : [];
    }),
  );

/**
 * The statement with its tables found: a bare name behind FROM or JOIN that is a table or view of DSF gets its schema, so that the same question is
 * understood whatever the default schema of the login is.
 * @param names - in lower case
 */
export const qualifyTables = (sql: string, tokens: readonly Token[], schema: string, names: ReadonlySet<string>): string => {
  const own = ownNames(tokens);
  const last = tokens.at(-1);
  let result = '';
  let from = 0;
  for (const [index, token] of tokens.entries()) {
    const [previous, next] = [tokens[index - 1], tokens[index + 1]];
    const isTable =
      previous !== undefined && ['FROM', 'JOIN', 'APPLY'].includes(upper(previous)) && next?.text !== '.' && next?.text !== '(';
    const name = token.text.toLowerCase();
    if (!isTable || token.kind === 'sign' || own.has(name) || !names.has(name)) continue;
    result += `${sql.slice(from, token.at)}${schema}.${quoteName(token.text)}`;
    from = token.end;
  }
  return result + sql.slice(from, last?.end ?? sql.length);
};
