import { ExpressionError } from '../expression-types.ts';

/*
 * CEL's patterns are RE2's, which match in linear time. JavaScript's engine goes back and tries again, so what makes it explode is refused
 * when the expression is parsed, and the text is limited when it runs.
 */

const patternMax = 500;
/** Longer texts are not matched. */
export const matchedTextMax = 4000;

const unbounded = /^(?:[*+]|\{\d+,\})/;

/** Index of the first group that repeats without bound and itself repeats or chooses inside; -1 when there is none. */
const explosiveGroup = (pattern: string): number => {
  const open: { readonly at: number; explosive: boolean }[] = [];
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index];
    if (character === '\\') index += 1;
    else if (character === '[') {
      while (index < pattern.length && pattern[index] !== ']') index += pattern[index] === '\\' ? 2 : 1;
    } else if (character === '(') open.push({ at: index, explosive: false });
    else if (character === ')') {
      const group = open.pop();
      const repeated = unbounded.test(pattern.slice(index + 1));
      if (group?.explosive && repeated) return group.at;
      const owner = open.at(-1);
      if (owner && group?.explosive) owner.explosive = true;
    } else if (character === '|' || unbounded.test(pattern.slice(index))) {
      const owner = open.at(-1);
      if (owner) owner.explosive = true;
    }
  }
  return -1;
};

/** @throws ExpressionError at `start` for a pattern that is wrong, or that could take more than a moment */
export const compilePattern = (pattern: string, start: number): RegExp => {
  const refuse = (reason: string): never => {
    throw new ExpressionError(`pattern ${JSON.stringify(pattern.slice(0, 60))}: ${reason}`, start);
  };
  if (pattern.length > patternMax) refuse(`longer than ${patternMax} characters`);
  if (/\(\?(?:[=!]|<[=!])/.test(pattern)) refuse('looking ahead or behind is not supported');
  if (/(?<!\\)(?:\\\\)*\\[1-9k]/.test(pattern)) refuse('references to groups are not supported');
  if (explosiveGroup(pattern) >= 0) refuse('a group that repeats must not repeat or choose inside, it could take forever');
  const caseless = pattern.startsWith('(?i)');
  try {
    return new RegExp(caseless ? pattern.slice(4) : pattern, caseless ? 'iu' : 'u');
  } catch (error) {
    return refuse(error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : 'not a regular expression');
  }
};
