/** A member of a group as the leader of the group sees it. */
export interface Applicant {
  readonly member: string;
  /** Partitions that it had before. */
  readonly owned: readonly number[];
}

/**
 * Shares partitions 0..count-1 as evenly as possible; whoever had a partition keeps it as far as that allows, so that few lanes move.
 * @returns partitions of each member, ascending; the same for the same members in any order
 */
export const sharePartitions = (applicants: readonly Applicant[], count: number): ReadonlyMap<string, readonly number[]> => {
  // Who has most gets the larger shares, so that fewer partitions move.
  const members = applicants.toSorted((a, b) => b.owned.length - a.owned.length || (a.member < b.member ? -1 : 1));
  const least = Math.floor(count / Math.max(1, members.length));
  const larger = count - least * members.length;
  const free = new Set(Array.from({ length: count }, (_, partition) => partition));
  const shares = members.map(({ member, owned }, index) => {
    const room = index < larger ? least + 1 : least;
    const kept = owned.filter((partition) => free.has(partition)).slice(0, room);
    for (const partition of kept) free.delete(partition);
    return { member, room, partitions: [...new Set(kept)] };
  });
  for (const { room, partitions } of shares) {
    for (const partition of free) {
      if (partitions.length >= room) break;
      partitions.push(partition);
      free.delete(partition);
    }
  }
  return new Map(shares.map(({ member, partitions }) => [member, partitions.toSorted((a, b) => a - b)]));
};
