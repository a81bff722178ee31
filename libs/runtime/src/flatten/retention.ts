import { rawLane } from '@dsf/messages';
import type { Catalog, CatalogSource } from '@dsf/metadata';
import type { Position, PurgedRows, RequestBody } from '@dsf/ports';
import { horizonOf } from '../horizon.ts';
import type { Lane } from '../lane.ts';
import type { LaneContext } from '../work.ts';

type PurgeBody = Extract<RequestBody, { kind: 'purge' }>;

const requestsMax = 100;

const purgedRows: readonly PurgedRows[] = ['raw', 'flat'];

/** What a source's definition wants gone by now. */
const wantedBy = ({ keptMs }: CatalogSource, { source, partition }: Position, now: number): readonly PurgeBody[] =>
  purgedRows.flatMap((rows) => {
    const kept = keptMs?.[rows];
    return kept === undefined ? [] : [{ kind: 'purge', source, partition, rows, before: now - kept } as const];
  });

/** Asks this lane to purge what the sources' retention no longer keeps, at most every `retentionCheckMs`. */
export const createRetention = ({ warehouse, clock, settings }: LaneContext, lane: Lane) => {
  let checkedAt = Number.NEGATIVE_INFINITY;

  /** Only where a record is old enough: most checks find none, and write nothing. */
  const hasOld = async (body: PurgeBody, position: Position): Promise<boolean> => {
    const from = Math.max(position.start, horizonOf(lane.facts(), body.rows, body));
    const since = await warehouse.committed.findSince(body.rows, { ...body, from, to: position.next }, body.before);
    return (since ?? position.next) > from;
  };

  return async ({ sources, settings: { lanes } }: Catalog): Promise<void> => {
    if (Math.abs(clock.now() - checkedAt) < settings.retentionCheckMs) return;
    checkedAt = clock.now();
    const asked = await warehouse.committed.readRequests(lane.key, requestsMax);
    const wanted: PurgeBody[] = [];
    for (const source of sources) {
      if (source.keptMs === undefined) continue;
      for (const position of lane.positions()) {
        if (position.source !== source.id || rawLane(position, lanes) !== lane.key.lane) continue;
        for (const body of wantedBy(source, position, clock.now())) {
          const isAsked = asked.some(
            ({ body: known }) =>
              known.kind === 'purge' && known.source === body.source && known.partition === body.partition && known.rows === body.rows,
          );
          if (!isAsked && (await hasOld(body, position))) wanted.push(body);
        }
      }
    }
    if (wanted.length === 0) return;
    await lane.transact({}, (transaction) =>
      transaction.writeRequests(
        wanted.map((body) => ({ lane: lane.key, body })),
        clock.now(),
      ),
    );
  };
};
