import type { CatalogSource } from '../catalog.ts';
import type { PathRule, PolicyKind, SourceDefinition } from '../definitions.ts';
import { isWithin, pathSegments } from '../path.ts';
import { reservedColumn } from './names.ts';
import type { At, Finding, Report } from './report.ts';

/** Policies that say the column's type themselves, or leave none. */
const typeless: ReadonlySet<PolicyKind> = new Set<PolicyKind>(['child', 'columns', 'map', 'json', 'join', 'count', 'drop']);
/** Policies below which nothing has a column of its own. */
const closed: ReadonlySet<PolicyKind> = new Set<PolicyKind>(['json', 'join', 'count', 'drop']);

const malformed = (path: string): Finding | null => {
  const segments = pathSegments(path);
  if (segments.length === 0 || segments.join('.') !== path)
    return {
      code: 'path.malformed',
      message: `\`${path}\` is not a path: a member is empty`,
      hint: 'members are joined by single dots; write `\\.` for a dot inside a name',
      target: 'key',
    };
  const [first = ''] = segments;
  if (first === '$headers' || first === '$key')
    return {
      code: 'path.reserved',
      message: `\`${path}\` is not part of the message's body`,
      hint: `use the source's \`${first.slice(1)}\` field`,
      target: 'key',
    };
  const strange = segments.find(
    (segment, index) => segment.startsWith('$') && (index === 0 || (segment !== '$item' && segment !== '$key')),
  );
  if (strange !== undefined)
    return {
      code: 'path.reserved',
      message: `\`${strange}\` is no place in a message`,
      hint: `a member whose name starts with $ is written \`\\${strange}\``,
      target: 'key',
    };
  return null;
};

const contradictions = (path: string, rule: PathRule): readonly Finding[] => {
  const found: Finding[] = [];
  const { policy } = rule;
  if (Object.keys(rule).length === 0)
    found.push({
      code: 'path.empty-rule',
      message: `the rule for \`${path}\` says nothing`,
      hint: 'give it a policy, a name or a type, or remove it',
    });
  if (rule.separator !== undefined && policy !== 'join')
    found.push({
      code: 'path.combination',
      message: `\`separator\` belongs to the policy \`join\`, not to ${policy === undefined ? 'a rule without policy' : `\`${policy}\``}`,
      hint: 'set `policy: join` or remove `separator`',
    });
  if (rule.type !== undefined && policy !== undefined && typeless.has(policy))
    found.push({
      code: 'path.combination',
      message: `\`type\` cannot be given with the policy \`${policy}\``,
      hint: 'give the type to the paths below it',
    });
  if (rule.name !== undefined && policy === 'drop')
    found.push({ code: 'path.combination', message: 'what is dropped needs no `name`', hint: 'remove `name` or the policy' });
  if (rule.name !== undefined && pathSegments(path).includes('*'))
    found.push({
      code: 'path.combination',
      message: `\`name\` cannot be given to \`${path}\`, which stands for many paths`,
      hint: 'name each path by itself',
    });
  if (rule.name !== undefined && reservedColumn(rule.name))
    found.push({ code: 'name.reserved', message: `names that start with \`_dsf_\` are DSF's own`, hint: 'choose another name' });
  return found;
};

/** Path rules in long form; what they contradict goes into the report. */
export const checkPathRules = (report: Report, at: At, source: SourceDefinition): CatalogSource['rules'] => {
  const rules = Object.entries(source.paths).map(([path, rule]): { readonly path: string; readonly rule: PathRule } => ({
    path,
    rule: typeof rule === 'string' ? { policy: rule } : rule,
  }));
  for (const { path, rule } of rules) {
    const broken = malformed(path);
    if (broken !== null) report.error([...at, 'paths', path], broken);
    for (const finding of contradictions(path, rule)) report.error([...at, 'paths', path], finding);
    const cover = rules.find(
      (other) => other.path !== path && isWithin(path, other.path) && other.rule.policy !== undefined && closed.has(other.rule.policy),
    );
    if (cover !== undefined && rule.policy === undefined) {
      report.warn([...at, 'paths', path], {
        code: 'path.covered',
        message: `the rule for \`${path}\` has no effect, because \`${cover.path}\` is stored with the policy \`${cover.rule.policy ?? ''}\``,
        hint: `remove one of the two rules, or give \`${path}\` a policy`,
        target: 'key',
      });
    }
  }
  return rules;
};
