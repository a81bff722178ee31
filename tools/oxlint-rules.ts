/** The lint rules of this repository: the arrows between its packages, and effects at the edge only. Proven by arrows.spec.ts. */
import { dirname, relative } from 'node:path';
import { forbiddenImport, placeOf } from './arrows.ts';
import type { Place } from './arrows.ts';

/** The part of ESTree that the rules look at. */
interface SyntaxNode {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly source?: SyntaxNode | null;
  readonly argument?: SyntaxNode;
  readonly literal?: SyntaxNode;
  readonly callee?: SyntaxNode;
  readonly arguments?: readonly SyntaxNode[];
  readonly object?: SyntaxNode;
  readonly property?: SyntaxNode;
  readonly id?: SyntaxNode;
  readonly init?: SyntaxNode | null;
  readonly key?: SyntaxNode;
  readonly properties?: readonly SyntaxNode[];
}
interface RuleContext {
  readonly filename: string;
  report(problem: { readonly node: SyntaxNode; readonly message: string }): void;
}
type Visitor = Readonly<Record<string, (node: SyntaxNode) => void>>;

const root = dirname(import.meta.dirname);
const placeIn = (context: RuleContext): Place | undefined => placeOf(relative(root, context.filename).replaceAll('\\', '/'));

/** Static imports, re-exports, `import()` and `import('…')` types: none may leave the arrows. */
const arrows = (context: RuleContext): Visitor => {
  const place = placeIn(context);
  if (place === undefined) return {};
  const check = (node: SyntaxNode): void => {
    const specifier = (node.source ?? node.argument?.literal ?? node.argument)?.value;
    if (typeof specifier !== 'string') return;
    const message = forbiddenImport(place, specifier);
    if (message !== undefined) context.report({ node, message });
  };
  return {
    ImportDeclaration: check,
    ExportNamedDeclaration: check,
    ExportAllDeclaration: check,
    ImportExpression: check,
    TSImportType: check,
  };
};

type Members = Readonly<Record<string, readonly string[]>>;

const nameOf = (node: SyntaxNode | undefined): string | undefined => {
  if (node?.type === 'Identifier') return node.name;
  return typeof node?.value === 'string' ? node.value : undefined;
};

/** Reports `object.member`, `object['member']` and `const { member } = object`. */
const watchMembers = (members: Members, report: (node: SyntaxNode, name: string) => void): Visitor => {
  const inspect = (node: SyntaxNode, object: string | undefined, member: string | undefined): void => {
    if (object === undefined || member === undefined || !Object.hasOwn(members, object)) return;
    if (members[object]?.includes(member)) report(node, `${object}.${member}`);
  };
  return {
    MemberExpression: (node) => inspect(node, nameOf(node.object), nameOf(node.property)),
    VariableDeclarator: (node) => {
      for (const property of node.id?.properties ?? []) inspect(node, nameOf(node.init ?? undefined), nameOf(property.key));
    },
  };
};

const timers = ['setTimeout', 'setInterval', 'setImmediate'];
const ambientMembers: Members = {
  Date: ['now'],
  Math: ['random'],
  performance: ['now'],
  process: ['hrtime', 'uptime'],
  Temporal: ['Now'],
  crypto: ['randomUUID', 'getRandomValues'],
  globalThis: timers,
};

/** Where time and randomness are inputs, nothing reads a clock, sets a timer or draws a number by itself. */
const noAmbientTime = (context: RuleContext): Visitor => {
  const place = placeIn(context);
  if (place === undefined || place.room.time === 'ambient' || place.isSpec || place.isEdge) return {};
  const report = (node: SyntaxNode, name: string): void =>
    context.report({
      node,
      message: `${name}: time comes from the Clock and randomness is an argument (${place.home} must be repeatable).`,
    });
  return {
    ...watchMembers(ambientMembers, report),
    NewExpression: (node) => {
      if (nameOf(node.callee) === 'Date' && node.arguments?.length === 0) report(node, 'new Date()');
    },
    CallExpression: (node) => {
      const name = nameOf(node.callee);
      if (name === 'Date' || (name !== undefined && timers.includes(name))) report(node, `${name}()`);
    },
  };
};

const readsEnvironment = (file: string): boolean =>
  /^apps\/[^/]+\/(src\/main|bin\/[^/]+)\.ts$/.test(file) || file.startsWith('libs/config/src/') || file.endsWith('.spec.ts');

/** Only main.ts reads the environment and hands it to the configuration, so that one place lists every problem. */
const noEnvironment = (context: RuleContext): Visitor => {
  const place = placeIn(context);
  if (place === undefined || readsEnvironment(place.file)) return {};
  const message = 'process.env is read in main.ts and parsed by @dsf/config, once; take the value from the configuration.';
  return {
    ...watchMembers({ process: ['env'] }, (node) => context.report({ node, message })),
    ImportDeclaration: (node) => {
      if (node.source?.value === 'node:process' || node.source?.value === 'process') context.report({ node, message });
    },
  };
};

export default {
  meta: { name: 'dsf' },
  rules: { arrows: { create: arrows }, 'no-ambient-time': { create: noAmbientTime }, 'no-environment': { create: noEnvironment } },
};
