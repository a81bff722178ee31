import { pathSegments } from '@dsf/metadata';
import type { CatalogSource, ColumnType, PathRule, PolicyKind } from '@dsf/metadata';

/** Rules as a tree of path segments; `*` is a segment of its own that matches any one member. */
interface RuleTree {
  rule: PathRule | null;
  readonly members: Map<string, RuleTree>;
}

/** A place in the rule tree that a path has reached, and how many of its segments were matched by name. */
interface Reached {
  readonly tree: RuleTree;
  readonly exactness: string;
}

/** What the rules say about one path. Below it, `reached` leads on to longer rules. */
export interface RuleMatch {
  readonly reached: readonly Reached[];
  /** Own or inherited policy. */
  readonly policy: PolicyKind | null;
  readonly separator: string;
  /** True when a rule gives its policy to exactly this path. */
  readonly explicit: boolean;
  readonly name: string | null;
  readonly type: ColumnType | null;
}

export const rootMatch = (source: CatalogSource): RuleMatch => {
  const root: RuleTree = { rule: null, members: new Map() };
  for (const { path, rule } of source.rules) {
    let tree = root;
    for (const segment of pathSegments(path)) {
      const next = tree.members.get(segment) ?? { rule: null, members: new Map<string, RuleTree>() };
      tree.members.set(segment, next);
      tree = next;
    }
    tree.rule = tree.rule === null ? rule : { ...tree.rule, ...rule };
  }
  return { reached: [{ tree: root, exactness: '' }], policy: null, separator: ',', explicit: false, name: null, type: null };
};

const nowhere: readonly Reached[] = [];

/** Rules of one length: a segment matched by name goes before one matched by `*`, decided at the first that differs. */
const mostSpecificFirst = (a: Reached, b: Reached): number => (a.exactness < b.exactness ? -1 : a.exactness > b.exactness ? 1 : 0);

const descend = (reached: readonly Reached[], segment: string): readonly Reached[] => {
  if (reached.length === 0) return nowhere;
  const next: Reached[] = [];
  for (const { tree, exactness } of reached) {
    const named = tree.members.get(segment);
    if (named !== undefined) next.push({ tree: named, exactness: `${exactness}a` });
    // DSF's own places, such as `$key`, are no members.
    const any = segment.startsWith('$') ? undefined : tree.members.get('*');
    if (any !== undefined && any !== named) next.push({ tree: any, exactness: `${exactness}b` });
  }
  return next.sort(mostSpecificFirst);
};

/** What the rules say about a member. A policy comes from the longest rule that has one, name and type only from a rule of exactly this path. */
export const matchMember = (parent: RuleMatch, segment: string): RuleMatch => {
  const reached = descend(parent.reached, segment);
  const rules = reached.map(({ tree }) => tree.rule).filter((rule) => rule !== null);
  const own = rules.find((rule) => rule.policy !== undefined);
  return {
    reached,
    policy: own?.policy ?? parent.policy,
    separator: own === undefined ? parent.separator : (own.separator ?? ','),
    explicit: own !== undefined,
    name: rules.find((rule) => rule.name !== undefined)?.name ?? null,
    type: rules.find((rule) => rule.type !== undefined)?.type ?? null,
  };
};

/** The same for a path from the root on. DSF's own `$item` stands for one more list level of the same place, so it keeps the match. */
export const matchPath = (root: RuleMatch, path: string): RuleMatch =>
  pathSegments(path).reduce((match, segment) => (segment === '$item' ? matchItem(match) : matchMember(match, segment)), root);

/** An inner list of a list of lists: the policy goes on, what was said about the exact path does not. */
export const matchItem = (list: RuleMatch): RuleMatch => ({ ...list, explicit: false, name: null, type: null });

export type ObjectMode = 'child' | 'columns' | 'map' | 'json' | 'join' | 'count' | 'drop';
export type ListMode = 'child' | 'json' | 'first' | 'last' | 'join' | 'count' | 'drop';
/** `row`: a scalar becomes the one row of the child table. `column`: it goes to its owner's column. */
export type ScalarMode = 'column' | 'row' | 'json' | 'join' | 'count' | 'drop';

export interface Modes {
  readonly object: ObjectMode;
  readonly list: ListMode;
  readonly scalar: ScalarMode;
}

/** How each shape of value at a path is stored. It follows from config alone, so that the rows do not depend on what came before (law F3). */
export const modesOf = (
  match: RuleMatch,
  defaults: { readonly objects: 'child' | 'columns' | 'json'; readonly lists: 'child' | 'json' | 'count' | 'drop' },
): Modes => {
  const { policy, explicit } = match;
  const scalar = explicit ? 'row' : 'column';
  switch (policy) {
    case null:
      return { object: defaults.objects, list: defaults.lists, scalar: 'column' };
    case 'child':
    case 'child_scalar':
      return { object: 'child', list: 'child', scalar };
    case 'map':
      return { object: 'map', list: 'child', scalar };
    case 'columns':
      return { object: 'columns', list: defaults.lists, scalar: 'column' };
    case 'first':
    case 'last':
      return { object: 'columns', list: policy, scalar: 'column' };
    case 'json':
    case 'join':
    case 'count':
    case 'drop':
      return { object: policy, list: policy, scalar: policy };
  }
};

/** The type that config gives to the column of a path; null when it follows the values. */
export const declaredType = (match: RuleMatch): ColumnType | null => {
  if (!match.explicit) return match.type;
  if (match.policy === 'json') return 'json';
  if (match.policy === 'join') return 'text';
  if (match.policy === 'count') return 'bigint';
  return match.type;
};
