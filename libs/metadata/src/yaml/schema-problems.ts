import type { z } from 'zod';
import { didYouMean } from '../did-you-mean.ts';
import type { At, Finding } from '../catalog/report.ts';
import { fieldsAt, wordsAt } from './schema-fields.ts';

/*
 * From the schema's findings to problems that a person can mend.
 */

type Issue = z.core.$ZodIssue;
export type LocatedFinding = Finding & { readonly at: At };

const seeReference = 'see docs/definitions.md';

/** The value that an issue is about. */
const valueAt = (root: unknown, at: At): unknown => {
  let here = root;
  for (const name of at)
    here =
      typeof here === 'object' && here !== null && Object.hasOwn(here, name)
        ? (here as Readonly<Record<string, unknown>>)[name]
        : undefined;
  return here;
};

const kindNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'null',
};

const describe = (value: unknown): string => {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string'
    ? `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
    : `\`${JSON.stringify(value)}\``;
};

const fieldName = (at: At): string => {
  const last = at.findLast((step) => typeof step === 'string');
  return last === undefined ? 'this' : `\`${last}\``;
};

const rangeOf = (issue: Issue): string => {
  if (issue.code === 'too_small')
    return issue.origin === 'string' && issue.minimum === 1
      ? 'must not be empty'
      : `must ${issue.origin === 'string' ? 'have at least' : 'be at least'} ${issue.minimum}${issue.origin === 'string' ? ' characters' : ''}`;
  if (issue.code === 'too_big')
    return `must ${issue.origin === 'string' ? 'have at most' : 'be at most'} ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
  return 'is not allowed';
};

const listRange = (issue: Issue): string | null => {
  if (issue.code === 'too_small' && issue.origin === 'array')
    return `needs at least ${issue.minimum} ${issue.minimum === 1 ? 'entry' : 'entries'}`;
  return issue.code === 'too_big' && issue.origin === 'array' ? `takes at most ${issue.maximum} entries` : null;
};

interface Context {
  readonly schema: z.core.$ZodType;
  readonly input: unknown;
  /** `source`, `driver`, … */
  readonly what: string;
}

/** The form that the person meant: the one whose kind of value fits, else the one that got furthest. */
const meantForm = (issues: readonly (readonly Issue[])[]): readonly Issue[] | null =>
  issues.find(
    (form) =>
      form.length > 0 && form.every((issue) => issue.path.length > 0 || (issue.code !== 'invalid_type' && issue.code !== 'invalid_value')),
  ) ?? null;

const unknownFields = (keys: readonly string[], at: At, { schema, what }: Context): readonly LocatedFinding[] => {
  const known = fieldsAt(
    schema,
    at.map((step) => (typeof step === 'symbol' ? '' : step)),
  );
  const owner = at.length === 0 ? `a ${what}` : fieldName(at);
  return keys.map((key) => ({
    at: [...at, key],
    target: 'key',
    code: 'definitions.unknown-field',
    message: `\`${key}\` is not a field of ${owner}`,
    hint: didYouMean(key, known, 'field'),
  }));
};

const unknownValue = (values: readonly unknown[], at: At, value: unknown): LocatedFinding => ({
  at,
  code: 'definitions.unknown-value',
  message: `${fieldName(at)} cannot be ${describe(value)}`,
  hint: didYouMean(String(value), values.map(String), 'value'),
});

const typeHint = (expected: string, value: unknown): string => {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return `put it in quotes: "${String(value)}"`;
  const unquoted = typeof value === 'string' && (expected === 'number' || expected === 'int' ? /^-?\d+$/ : /^(?:true|false)$/).test(value);
  return unquoted ? `remove the quotes: ${value}` : seeReference;
};

const wrongType = (expected: string, at: At, value: unknown): LocatedFinding => {
  const wanted = kindNames[expected] ?? expected;
  if (value === undefined)
    return { at, code: 'definitions.missing-field', message: `${fieldName(at)} is missing`, hint: `add ${fieldName(at)}: ${wanted}` };
  return {
    at,
    code: 'definitions.wrong-type',
    message: `${fieldName(at)} must be ${wanted}, not ${describe(value)}`,
    hint: typeHint(expected, value),
  };
};

/** All literals that any form of a union takes. */
const literalsOf = (issues: readonly (readonly Issue[])[]): readonly unknown[] =>
  issues
    .flat()
    .flatMap((issue) => (issue.code === 'invalid_value' ? issue.values : issue.code === 'invalid_union' ? literalsOf(issue.errors) : []));

/** Schemas that give a reason of their own say it better than we could. */
const formatHint = (issue: Issue & { readonly code: 'invalid_format' }, words: readonly string[]): string => {
  if (issue.format !== 'datetime') return issue.message.startsWith('Invalid') ? seeReference : issue.message;
  return `write ${[...words.map((word) => `\`${word}\``), 'a time such as 2026-01-31T00:00:00Z'].join(' or ')}`;
};

const unionFindings = (issue: Issue & { readonly code: 'invalid_union' }, at: At, context: Context): readonly LocatedFinding[] => {
  const value = valueAt(context.input, at);
  const meant = typeof value === 'object' && value !== null ? meantForm(issue.errors) : null;
  if (meant !== null) return meant.flatMap((inner) => findingsOf({ ...inner, path: [...at, ...inner.path] }, context));
  if (value === undefined) return [wrongType('string', at, value)];
  const literals = literalsOf(issue.errors);
  const formats = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_format' ? [inner] : []));
  // Words, a time or something else that is text: none of them is nearer than the others.
  if (typeof value === 'string' && formats.length > 1) {
    const hint = formats.map((inner) => formatHint(inner, literals.map(String))).join(' or ');
    return [{ at, code: 'definitions.bad-value', message: `${fieldName(at)} cannot be ${describe(value)}`, hint }];
  }
  if (typeof value === 'string' && literals.length > 0) return [unknownValue(literals, at, value)];
  const wanted = [
    ...new Set(
      issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_type' ? [kindNames[inner.expected] ?? inner.expected] : [])),
    ),
  ];
  return [
    {
      at,
      code: 'definitions.wrong-type',
      message: `${fieldName(at)} must be ${wanted.join(' or ') || 'something else'}, not ${describe(value)}`,
      hint: literals.length > 0 ? didYouMean('', literals.map(String), 'value') : seeReference,
    },
  ];
};

const findingsOf = (issue: Issue, context: Context): readonly LocatedFinding[] => {
  const at = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  const value = valueAt(context.input, at);
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownFields(issue.keys, at, context);
    case 'invalid_type':
      return [wrongType(issue.expected, at, value)];
    case 'invalid_value':
      return value === undefined ? [wrongType('string', at, value)] : [unknownValue(issue.values, at, value)];
    case 'invalid_union':
      return unionFindings(issue, at, context);
    case 'invalid_key':
      return [
        {
          at,
          target: 'key',
          code: 'definitions.bad-name',
          message: `${fieldName(at)} cannot be used as a name here`,
          hint: issue.issues.map((inner) => inner.message).join('; '),
        },
      ];
    case 'invalid_format':
      return [
        {
          at,
          code: 'definitions.bad-value',
          message: `${fieldName(at)} cannot be ${describe(value)}`,
          hint: formatHint(issue, wordsAt(context.schema, at)),
        },
      ];
    default:
      return [
        {
          at,
          code: 'definitions.bad-value',
          message: `${fieldName(at)} ${listRange(issue) ?? rangeOf(issue)}${typeof value === 'object' ? '' : `, and is ${describe(value)}`}`,
          hint: seeReference,
        },
      ];
  }
};

/** @returns the parsed value, or everything that is wrong with it; `at` is relative to `input` */
export const checkSchema = <T>(
  schema: z.ZodType<T>,
  input: unknown,
  what: string,
): { readonly value: T } | { readonly findings: readonly LocatedFinding[] } => {
  const result = schema.safeParse(input);
  return result.success
    ? { value: result.data }
    : { findings: result.error.issues.flatMap((issue) => findingsOf(issue, { schema, input, what })) };
};
