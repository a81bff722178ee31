import type { Definitions } from '../definitions.ts';
import type { Problem } from '../problem.ts';

/*
 * What the config tables cannot hold, found before they would refuse it with less helpful words.
 */

const duplicates = (list: 'sources' | 'drivers' | 'publications', named: readonly { readonly name: string }[]): readonly Problem[] => {
  const first = new Map<string, string>();
  return named.flatMap(({ name }, index): readonly Problem[] => {
    const taken = first.get(name.toLowerCase());
    if (taken === undefined) {
      first.set(name.toLowerCase(), name);
      return [];
    }
    const message = taken === name ? `'${name}' is defined twice` : `'${name}' and '${taken}' differ in upper and lower case alone`;
    return [{ code: 'name.duplicate', message, hint: 'Give one of them another name.', at: [list, index, 'name'], severity: 'error' }];
  });
};

/** SQL text has no lone surrogates, and its length ends at NUL. */
const isStorable = (value: string): boolean => value.isWellFormed() && !value.includes('\0');

const unstorable = (at: Problem['at']): Problem => ({
  code: 'metadata.text-invalid',
  message: 'the text holds a NUL character or half of a surrogate pair',
  hint: 'Remove the character.',
  at,
  severity: 'error',
});

/** A template's texts are stored as JSON, which can spell both. */
const isTemplate = (at: Problem['at']): boolean => at[0] === 'publications' && at[2] === 'body';

const textProblems = (value: unknown, at: Problem['at']): readonly Problem[] => {
  if (isTemplate(at)) return [];
  if (typeof value === 'string') return isStorable(value) ? [] : [unstorable(at)];
  if (Array.isArray(value)) return value.flatMap((item, index) => textProblems(item, [...at, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => (isStorable(name) ? textProblems(member, [...at, name]) : [unstorable(at)]));
};

/** In the order of what is looked at; empty when the tables can hold all of it. */
export const findConflicts = (definitions: Definitions): readonly Problem[] => [
  ...duplicates('sources', definitions.sources),
  ...duplicates('drivers', definitions.drivers),
  ...duplicates('publications', definitions.publications),
  ...textProblems(definitions, []),
];
