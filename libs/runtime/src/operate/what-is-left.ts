import { sourcePartitionKey } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { Position, Request, StoredLane } from '@dsf/ports';

const lane = (all: readonly StoredLane[], phase: StoredLane['phase'], number: number): StoredLane | undefined =>
  all.find((one) => one.phase === phase && one.lane === number);

const behind = (at: Position, own: StoredLane | undefined): boolean =>
  at.next !== at.start && own?.positions.find((one) => sourcePartitionKey(one) === sourcePartitionKey(at))?.next !== at.next;

/** A replay waits for the record's first turn, which comes after the resize. */
const isHad = (
  committed: readonly Position[],
  record: { readonly source: number; readonly partition: number; readonly offset: number },
): boolean => committed.some((at) => sourcePartitionKey(at) === sourcePartitionKey(record) && at.next > record.offset);

/** What still has to come through before lanes can move, in words; null when every lane has what flatten has committed and nothing is asked for. */
export const whatIsLeft = (
  all: readonly StoredLane[],
  requests: readonly Request[],
  { settings, drivers, publications }: Catalog,
): string | null => {
  const committed = all.filter(({ phase }) => phase === 'flatten').flatMap(({ positions }) => positions);
  const due = requests.filter(({ body }) => body.kind !== 'replay' || isHad(committed, body));
  if (due.length > 0) return `${due.length} open requests`;
  for (let number = 0; number < settings.lanes; number += 1) {
    const summarise = lane(all, 'summarise', number);
    if (summarise === undefined) return `summarise to begin lane ${number}`;
    if (committed.some((at) => behind(at, summarise))) return `summarise to come through in lane ${number}`;
    if (drivers.some(({ instance }) => !summarise.live.includes(instance)) || summarise.live.length !== drivers.length)
      return `summarise to take up the newest version in lane ${number}`;
    if (publications.length === 0) continue;
    const publish = lane(all, 'publish', number);
    if (publish === undefined) return `publish to begin lane ${number}`;
    for (const { id, definition, driver } of publications) {
      const next = publish.positions.find(({ source }) => source === id)?.next ?? 0;
      if (publish.facts[`instance:${id}`] !== driver.instance || next <= summarise.seq)
        return `publish to come through with ${definition.name} in lane ${number}`;
    }
  }
  return null;
};
