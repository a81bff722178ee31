/** How many letters must be added, removed, replaced or swapped with their neighbour. */
const distance = (a: string, b: string): number => {
  let beforePrevious: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped =
        a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] ? (beforePrevious[column - 2] ?? Infinity) + 1 : Infinity;
      current.push(Math.min(replaced, swapped, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    [beforePrevious, previous] = [previous, current];
  }
  return previous[b.length] ?? 0;
};

const comparedMax = 1000;

/** The candidate that a person most likely meant by `word`; null when none is near. Upper and lower case count as equal. */
const closest = (word: string, candidates: Iterable<string>): string | null => {
  const wanted = word.toLowerCase().slice(0, 100);
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of [...candidates].slice(0, comparedMax)) {
    const found = distance(wanted, candidate.toLowerCase().slice(0, 100));
    if (found < bestDistance) [best, bestDistance] = [candidate, found];
  }
  return best;
};

/** A hint that names the nearest candidate, or lists what there is. */
export const didYouMean = (word: string, candidates: Iterable<string>, what: string): string => {
  const all = [...candidates];
  const near = closest(word, all);
  if (near !== null) return `did you mean \`${near}\`?`;
  if (all.length === 0) return `there is no ${what}`;
  const shown = all.slice(0, 20).map((name) => `\`${name}\``);
  return `known: ${shown.join(', ')}${all.length > shown.length ? `, and ${all.length - shown.length} more` : ''}`;
};
