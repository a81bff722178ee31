import type { Environment } from './parse-config.ts';
import type { Settings } from './setting.ts';

export interface UnknownVariables {
  /** All settings that the process knows, also those of its neighbours. */
  readonly settings: readonly Settings[];
  /** Variables that begin so are meant for us: `DSF_`. */
  readonly prefixes: readonly string[];
}

/** Single-letter edits from one text to another. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};

const nearest = (name: string, known: readonly string[]): string | undefined => {
  const [best] = known.map((candidate) => ({ candidate, edits: distance(name, candidate) })).toSorted((a, b) => a.edits - b.edits);
  // A third of the letters wrong is another word.
  return best !== undefined && best.edits <= Math.max(2, name.length / 3) ? best.candidate : undefined;
};

/** Kubernetes gives every pod variables for every service near it: `DSF_INGESTOR_SERVICE_HOST`, `DSF_INGESTOR_PORT_80_TCP`. */
const isOfKubernetes = (name: string, value: string): boolean =>
  /_SERVICE_(HOST|PORT(_.+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
  (name.endsWith('_PORT') && value.includes('://'));

/**
 * Variables that look like ours but are not: a typing error would otherwise be a setting that silently does nothing.
 * @returns one sentence each, sorted by name; values are not shown
 */
export const unknownVariables = ({ settings, prefixes }: UnknownVariables, environment: Environment): readonly string[] => {
  const known = settings.flatMap((group) =>
    Object.values(group).flatMap(({ variable, secret }) => (secret ? [variable, `${variable}_FILE`] : [variable])),
  );
  const names = Object.entries(environment)
    .filter(
      ([name, value]) => prefixes.some((prefix) => name.startsWith(prefix)) && !known.includes(name) && !isOfKubernetes(name, value ?? ''),
    )
    .map(([name]) => name);
  return names.toSorted().map((name) => {
    const meant = nearest(name, known);
    return `${name} is not a setting${meant === undefined ? ' and is ignored' : `; did you mean ${meant}?`}`;
  });
};
