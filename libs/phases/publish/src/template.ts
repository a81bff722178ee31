import type { Value } from '@dsf/messages';
import type { Expression, PublicationDefinition } from '@dsf/metadata';
import { memberOf, parseExpression, pathSegments } from '@dsf/metadata';

type Json = Exclude<PublicationDefinition['body'], undefined>;

/** A document's shape: JSON whose strings were expressions. */
export type Template =
  | { readonly kind: 'constant'; readonly json: string }
  /** An expression that is nothing but a path, as members from the root down. */
  | { readonly kind: 'path'; readonly members: readonly string[] }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'list'; readonly items: readonly Template[] }
  | { readonly kind: 'map'; readonly members: readonly (readonly [nameText: string, template: Template])[] };

/** Key, window and measures as they are. */
export const defaultBody: Json = { key: 'key', window: 'window', measures: 'measures' };

const namesMax = 1024;
const names = new Map<string, string>();

/** A member's name as JSON with its colon. Remembered: documents of a publication have the same names. */
const nameText = (name: string): string => {
  const known = names.get(name);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(name)}:`;
  if (names.size >= namesMax) names.clear();
  names.set(name, text);
  return text;
};

const membersOf = (path: string): readonly string[] => pathSegments(path).map(memberOf);

/** @throws ExpressionError only for expressions that validation would have refused */
export const compileTemplate = (body: Json): Template => {
  if (typeof body === 'string') {
    const expression = parseExpression(body);
    return expression.path === null ? { kind: 'expression', expression } : { kind: 'path', members: membersOf(expression.path) };
  }
  if (Array.isArray(body)) return { kind: 'list', items: body.map((item) => compileTemplate(item)) };
  if (typeof body === 'object' && body !== null) {
    return { kind: 'map', members: Object.entries(body).map(([name, member]) => [nameText(name), compileTemplate(member)] as const) };
  }
  return { kind: 'constant', json: JSON.stringify(body) };
};

const descend = (value: Value, name: string): Value =>
  typeof value === 'object' && value !== null && 'm' in value && Object.hasOwn(value.m, name) ? (value.m[name] ?? null) : null;

/**
 * The document as JSON text.
 * @param state - what the expressions see: a map of `key`, `window` and `measures`
 * @param numbers - how exact numbers are written: as JSON strings, or as JSON numbers with every digit
 * @throws ExpressionError when an expression cannot be computed for this state
 */
export const renderTemplate = (template: Template, state: Value, numbers: PublicationDefinition['numbers']): string => {
  if (template.kind === 'constant') return template.json;
  if (template.kind === 'list') return `[${template.items.map((item) => renderTemplate(item, state, numbers)).join()}]`;
  if (template.kind === 'map') {
    let text = '';
    for (const [name, member] of template.members) text += `${text === '' ? '{' : ','}${name}${renderTemplate(member, state, numbers)}`;
    return text === '' ? '{}' : `${text}}`;
  }
  if (template.kind === 'path') return jsonText(template.members.reduce(descend, state), numbers);
  const read = (path: string): Value => membersOf(path).reduce(descend, state);
  return jsonText(template.expression.evaluate(read), numbers);
};

/** JSON written by hand, because numbers must keep digits that a double has no room for. */
const jsonText = (value: Value, numbers: PublicationDefinition['numbers']): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  // Nothing in a number's text needs escaping.
  if ('n' in value) return numbers === 'number' ? value.n : `"${value.n}"`;
  if ('l' in value) return `[${value.l.map((item) => jsonText(item, numbers)).join()}]`;
  let text = '';
  for (const name of Object.keys(value.m)) text += `${text === '' ? '{' : ','}${nameText(name)}${jsonText(value.m[name] ?? null, numbers)}`;
  return text === '' ? '{}' : `${text}}`;
};
