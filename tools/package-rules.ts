/** What the package.json files of this repository must agree on with its code and its arrows. */
import { mayDepend, roomOf } from './arrows.ts';
import type { WorkspacePackage } from './package-graph.ts';

type Rule = (packages: readonly WorkspacePackage[]) => readonly string[];

/** A package in a folder that the table of arrows does not know would be held to nothing. */
const hasRoom: Rule = (packages) =>
  packages.filter(({ folder }) => roomOf(folder) === undefined).map(({ folder }) => `${folder} has no line in tools/arrows.ts`);

/** nx and npm see only what is declared: an undeclared import makes a stale cache and a broken image. */
const declaresItsImports: Rule = (packages) =>
  packages.flatMap(({ name, dependencies, devDependencies, imports, specImports }) => {
    const forCode = new Set([name, ...dependencies]);
    const forSpecs = new Set([...forCode, ...devDependencies]);
    return [
      ...imports.filter((used) => !forCode.has(used)).map((used) => `${name} imports ${used} without declaring it in dependencies`),
      ...specImports
        .filter((used) => !forSpecs.has(used))
        .map((used) => `specs of ${name} import ${used} without declaring it in devDependencies`),
    ];
  });

const followsArrows: Rule = (packages) =>
  packages.flatMap(({ name, folder, dependencies, devDependencies }) => {
    const room = roomOf(folder);
    if (room === undefined) return [];
    return [
      ...dependencies.filter((other) => !mayDepend(room, other, false)).map((other) => `${name} depends on ${other}, against the arrows`),
      ...devDependencies
        .filter((other) => !mayDepend(room, other, true))
        .map((other) => `specs of ${name} depend on ${other}, against the arrows`),
    ];
  });

/** Without specs, which may use `@dsf/testing` from anywhere, the packages form layers. */
const hasNoCycle: Rule = (packages) => {
  const dependenciesOf = new Map(packages.map(({ name, dependencies }) => [name, dependencies]));
  const finished = new Set<string>();
  const walk = (name: string, path: readonly string[]): readonly string[] => {
    if (path.includes(name)) return [[...path.slice(path.indexOf(name)), name].join(' → ')];
    if (finished.has(name)) return [];
    const cycles = (dependenciesOf.get(name) ?? []).flatMap((other) => walk(other, [...path, name]));
    finished.add(name);
    return cycles;
  };
  return packages.flatMap(({ name }) => walk(name, []));
};

const rules: readonly Rule[] = [hasRoom, declaresItsImports, followsArrows, hasNoCycle];

/** @returns one sentence per problem; empty when the packages and the arrows agree */
export const packageProblems: Rule = (packages) => rules.flatMap((rule) => rule(packages));
