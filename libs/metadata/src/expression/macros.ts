import type { ASTNode } from '@marcbachmann/cel-js';
import { ExpressionError } from '../expression-types.ts';
import { truth } from './frame.ts';
import type { CompileNode, Compute, Frame, Scope } from './frame.ts';
import { isList, isMap, kindOf } from './operand.ts';
import type { Operand } from './operand.ts';

/*
 * CEL's macros over the items of a list, or the names of a map: `items.exists(i, i.qty > 3)`. Over null they give null.
 */

export const macroNames: ReadonlySet<string> = new Set(['exists', 'all', 'exists_one', 'map', 'filter']);

/** Computes `body` for one item. */
type Visit = (item: Operand) => Operand;

const itemsOf = (operand: Operand, start: number): readonly Operand[] => {
  if (isList(operand)) return operand;
  if (isMap(operand)) return [...operand.keys()];
  throw new ExpressionError(`expected a list or map, got ${kindOf(operand)}`, start);
};

/** One visit per item, with an error that does not matter when another item decides. */
const quantify = (items: readonly Operand[], deciding: boolean, test: (item: Operand) => boolean): boolean => {
  let failed: ExpressionError | null = null;
  for (const item of items) {
    try {
      if (test(item) === deciding) return deciding;
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      failed ??= error;
    }
  }
  if (failed !== null) throw failed;
  return !deciding;
};

const run = (
  name: string,
  items: readonly Operand[],
  visits: { readonly test: (item: Operand) => boolean; readonly body: Visit; readonly filter: ((item: Operand) => boolean) | null },
): Operand => {
  switch (name) {
    case 'exists':
      return quantify(items, true, visits.test);
    case 'all':
      return quantify(items, false, visits.test);
    case 'exists_one':
      return items.filter(visits.test).length === 1;
    case 'filter':
      return items.filter(visits.test);
    default:
      return (visits.filter === null ? items : items.filter(visits.filter)).map(visits.body);
  }
};

/** @throws ExpressionError when the macro is not called as CEL defines it */
export const compileMacro = (node: ASTNode & { readonly op: 'call' | 'rcall' }, scope: Scope, compileNode: CompileNode): Compute => {
  if (node.op !== 'rcall') throw new ExpressionError(`\`${node.args[0]}\` is called on a list`, node.start);
  const [name, receiver, args] = node.args;
  const [variable, second, third] = args;
  if (variable?.op !== 'id' || second === undefined || args.length > (name === 'map' ? 3 : 2))
    throw new ExpressionError(`use it as list.${name}(item, …)`, node.start);
  const slot = scope.depth;
  const inner: Scope = { ...scope, depth: slot + 1, slots: new Map([...scope.slots, [variable.args, slot]]) };
  const list = compileNode(receiver, scope);
  const bodyNode = third ?? second;
  const body = compileNode(bodyNode, inner);
  const filter = third === undefined ? null : compileNode(second, inner);

  const visit =
    (compute: Compute, frame: Frame): Visit =>
    (item) => {
      frame.turns -= 1;
      if (frame.turns < 0) throw new ExpressionError('the macros take too many turns', node.start);
      frame.slots[slot] = item;
      return compute(frame);
    };
  return (frame) => {
    const operand = list(frame);
    if (operand === null) return null;
    const items = itemsOf(operand, node.start);
    const perItem = visit(body, frame);
    const choose = filter === null ? null : visit(filter, frame);
    return run(name, items, {
      test: (item) => truth(perItem(item), bodyNode.start),
      body: perItem,
      filter: choose === null ? null : (item) => truth(choose(item), second.start),
    });
  };
};
