import type { SourceDefinition } from '../definitions.ts';
import { childPath, systemPath } from '../path.ts';

/** What has been seen at a path. `any`: it was declared, so it may turn out to be anything. */
export type PathKind = 'value' | 'list' | 'object' | 'any';
export type SourcePaths = ReadonlyMap<string, ReadonlySet<PathKind>>;
/** By source name: what is known from samples or from the path catalog. A source that is not in it is unknown. */
export type KnownPaths = ReadonlyMap<string, SourcePaths>;

/** Deeper members of a sample are not looked at, as in flatten's strictest limit. */
const depthMax = 1000;

/**
 * The paths of some messages of one source, parsed from JSON. Items of a list have the path of the list.
 * Walks without recursion, for nesting as deep as people send it.
 */
export const pathsOfSamples = (messages: Iterable<unknown>): SourcePaths => {
  const paths = new Map<string, Set<PathKind>>();
  const note = (path: string, kind: PathKind): void => {
    if (path !== '') paths.set(path, (paths.get(path) ?? new Set()).add(kind));
  };
  const open: { readonly value: unknown; readonly path: string; readonly depth: number }[] = [];
  for (const message of messages) {
    open.push({ value: message, path: '', depth: 0 });
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { value, path, depth } = next;
      if (value === null || depth > depthMax) continue;
      if (typeof value !== 'object') note(path, 'value');
      else if (Array.isArray(value)) {
        note(path, 'list');
        for (const item of value)
          open.push({ value: item, path: Array.isArray(item) ? systemPath(path, '$item') : path, depth: depth + 1 });
      } else {
        note(path, 'object');
        for (const [name, member] of Object.entries(value)) open.push({ value: member, path: childPath(path, name), depth: depth + 1 });
      }
    }
  }
  return paths;
};

const declaredKinds = (rule: SourceDefinition['paths'][string]): readonly PathKind[] => {
  const { policy, type } = typeof rule === 'string' ? { policy: rule, type: undefined } : rule;
  if (policy === 'child_scalar') return ['list', 'value'];
  if (policy === 'columns' || policy === 'map') return ['object'];
  return policy === undefined && type !== undefined ? ['value'] : ['any'];
};

/** What was seen, and what the source's own rules name; null when nothing was seen, because rules name exceptions only. */
export const pathsOfSource = (source: SourceDefinition, known: KnownPaths): SourcePaths | null => {
  const seen = known.get(source.name);
  if (seen === undefined || seen.size === 0) return null;
  const all = new Map(seen);
  for (const [path, rule] of Object.entries(source.paths)) {
    if (!all.has(path) && !path.split('.').includes('*')) all.set(path, new Set(declaredKinds(rule)));
  }
  return all;
};
