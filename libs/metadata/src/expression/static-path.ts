import type { ASTNode } from '@marcbachmann/cel-js';
import { ExpressionError } from '../expression-types.ts';
import { childPath } from '../path.ts';

/*
 * Which parts of an expression are paths of the message. `customer.name` and `customer["first name"]` are; what starts at a macro's variable
 * or a call is not. `dsf` is reserved: it leads to what DSF knows about the message.
 */

/** Words after `dsf.` that stand for one value each. */
const systemValues: ReadonlyMap<string, string> = new Map([
  ['key', '$key'],
  ['time', '$time'],
  ['ingested', '$ingested'],
  ['item', '$item'],
]);

const explanation = 'use dsf.key, dsf.time, dsf.ingested, dsf.headers["name"], dsf.doc["member"] or dsf.path("a.b")';

/** A place that the tree has led to: a path, or one of the stations on the way that are none. */
export type Place =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'system'; readonly path: string }
  | { readonly kind: 'dsf' }
  | { readonly kind: 'headers' }
  | { readonly kind: 'doc' };

const inDsf = (member: string, start: number): Place => {
  const path = systemValues.get(member);
  if (path !== undefined) return { kind: 'system', path };
  if (member === 'headers' || member === 'doc') return { kind: member };
  throw new ExpressionError(`\`dsf.${member}\` is not known: ${explanation}`, start);
};

const memberOfPlace = (place: Place, member: string, start: number): Place => {
  switch (place.kind) {
    case 'dsf':
      return inDsf(member, start);
    case 'headers':
      return { kind: 'system', path: childPath('$headers', member) };
    case 'doc':
      return { kind: 'path', path: childPath('', member) };
    case 'path':
      return { kind: 'path', path: childPath(place.path, member) };
    case 'system':
      throw new ExpressionError(`\`${place.path}\` is a single value and has no member \`${member}\``, start);
  }
};

/** The member that a node selects by a literal name; null when it selects none, or by something computed. */
const literalMember = (node: ASTNode): { readonly owner: ASTNode; readonly member: string } | null => {
  if (node.op === '.') return { owner: node.args[0], member: node.args[1] };
  if (node.op !== '[]') return null;
  const [owner, index] = node.args;
  return index.op === 'value' && typeof index.args === 'string' ? { owner, member: index.args } : null;
};

const literalPath = (node: ASTNode): string | null => {
  if (node.op !== 'rcall') return null;
  const [method, receiver, args] = node.args;
  const [only] = args;
  if (method !== 'path' || receiver.op !== 'id' || receiver.args !== 'dsf') return null;
  if (args.length === 1 && only?.op === 'value' && typeof only.args === 'string') return only.args;
  throw new ExpressionError('dsf.path takes one literal text', node.start);
};

const placeOf = (node: ASTNode, isVariable: (name: string) => boolean): Place | null => {
  if (node.op === 'id') {
    if (isVariable(node.args)) return null;
    return node.args === 'dsf' ? { kind: 'dsf' } : { kind: 'path', path: childPath('', node.args) };
  }
  const verbatim = literalPath(node);
  if (verbatim !== null) return { kind: 'path', path: verbatim };
  const selection = literalMember(node);
  if (selection === null) return null;
  const owner = placeOf(selection.owner, isVariable);
  return owner === null ? null : memberOfPlace(owner, selection.member, node.start);
};

/**
 * The path that a node stands for; null when it is something else.
 * @throws ExpressionError for `dsf` used as if it were a value
 */
export const staticPath = (node: ASTNode, isVariable: (name: string) => boolean): string | null => {
  const place = placeOf(node, isVariable);
  if (place === null) return null;
  if (place.kind === 'path' || place.kind === 'system') return place.path;
  throw new ExpressionError(`\`${node.input.slice(node.start, node.end)}\` is not a value: ${explanation}`, node.start);
};
