import { Environment, ParseError } from '@marcbachmann/cel-js';
import type { ASTNode } from '@marcbachmann/cel-js';
import { compileNode } from './expression/compile.ts';
import type { Frame } from './expression/frame.ts';
import { valueOf } from './expression/operand.ts';
import { staticPath } from './expression/static-path.ts';
import { ExpressionError } from './expression-types.ts';
import type { Expression } from './expression-types.ts';

/** Longest text of an expression, as in definitions.ts. */
const lengthMax = 4000;
/** Items that the macros of one evaluation may visit: seconds of work otherwise, for one row. */
const turnsMax = 100_000;

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  limits: { maxAstNodes: 2000, maxDepth: 100, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 32 },
});

const hintFor = (text: string, start: number): string => {
  const character = text[start] ?? '';
  if (/[^\p{ASCII}]|\$/u.test(character)) return ': a member with other letters than a-z, 0-9 and _ is written dsf.doc["…"] or owner["…"]';
  if (character === '=') return ': equality is ==';
  if (character === '&' || character === '|') return ': and is &&, or is ||';
  return '';
};

/** The syntax tree. @throws ExpressionError at the character where the text is wrong */
export const parseTree = (text: string): ASTNode => {
  if (text.length > lengthMax)
    throw new ExpressionError(`the expression has ${text.length} characters, at most ${lengthMax} are allowed`, lengthMax);
  if (text.trim() === '') throw new ExpressionError('the expression is empty', 0);
  try {
    return environment.parse(text).ast;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const start = Math.min(error.range?.start ?? 0, text.length);
    if (error.code === 'reserved_identifier')
      throw new ExpressionError(`${error.summary}: it is a word of CEL; for a member of that name write dsf.doc["…"]`, start);
    if (start >= text.length) throw new ExpressionError('the expression ends too early', text.length);
    throw new ExpressionError(`${error.summary}${hintFor(text, start)}`, start);
  }
};

const noVariables = (): boolean => false;

/**
 * Parses a CEL expression once; `evaluate` then runs it per row. What it may do:
 * - Paths: `customer.name`, `customer["first name"]`; `dsf.key`, `dsf.time`, `dsf.ingested`, `dsf.headers["x"]` for what DSF knows about the
 *   message; `dsf.doc["odd name"]` for a member of the root that is no identifier; `dsf.path("a.b")` for a path as path.ts writes it.
 * - Operators and macros of CEL on exact decimals; `/` rounds half to even at 12 fraction digits.
 * - Functions: string int decimal double bool size abs floor ceil round min max lower upper lowerAscii upperAscii trim contains startsWith
 *   endsWith indexOf split join substring replace matches coalesce has timestamp duration get…
 * - Null: `==` and `!=` compare it; `&&`, `||`, `? :` take it for not true; every other operator and function gives null.
 * @throws ExpressionError with the character where the text is wrong
 */
export const parseExpression = (text: string): Expression => {
  const tree = parseTree(text);
  const path = staticPath(tree, noVariables);
  // Nothing but a path: no evaluation, the value goes through as it is.
  if (path !== null) return { text, path, paths: [path], evaluate: (read) => read(path) };
  const paths = new Set<string>();
  const compute = compileNode(tree, { slots: new Map(), depth: 0, paths });
  return {
    text,
    path: null,
    paths: [...paths],
    evaluate: (read) => {
      const frame: Frame = { read, slots: [], turns: turnsMax };
      return valueOf(compute(frame));
    },
  };
};
