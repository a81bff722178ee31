import { rawLane, sourcePartitionKey } from '@dsf/messages';
import type { Catalog } from '@dsf/metadata';
import type { Reading, SourceReading } from '@dsf/observability';
import { phaseNames, type LanePosition, type PhaseName } from '@dsf/ports';
import type { Installation } from './installation.ts';
import { readCatalog, readEnds } from './status.ts';

/** What one phase has not dealt with of one partition, in one lane. */
interface Stretch {
  readonly key: string;
  readonly phase: PhaseName;
  readonly source: string;
  readonly records: number;
  /** Source timestamp of the newest record dealt with, UTC ms. */
  readonly newest: number | null;
  /** Where the oldest one waits in the raw rows; null where it is not there. */
  readonly raw: { readonly source: number; readonly partition: number; readonly from: number; readonly to: number } | null;
}

interface Standing {
  readonly catalog: Catalog;
  readonly ends: ReadonlyMap<string, number>;
  readonly of: (phase: PhaseName) => readonly LanePosition[];
  readonly seqs: readonly { readonly phase: PhaseName; readonly lane: number; readonly seq: number }[];
}

/** Raw rows read in one reading to tell how long the oldest records wait; the longest behind come first. */
const rawRowsMax = 16;

const ingestStretches = ({ catalog, ends, of }: Standing): readonly Stretch[] =>
  catalog.sources.flatMap(({ id, definition }) =>
    [...ends]
      .filter(([key]) => key.startsWith(`${id}:`))
      .map(([key, end]): Stretch => {
        const position = of('ingest').find((one) => sourcePartitionKey(one) === key);
        const records = Math.max(0, end - (position?.next ?? 0));
        return { key, phase: 'ingest', source: definition.name, records, newest: position?.time ?? null, raw: null };
      }),
  );

const flattenStretches = ({ catalog, of }: Standing): readonly Stretch[] =>
  catalog.sources.flatMap(({ id, definition }) =>
    of('ingest')
      .filter(({ source }) => source === id)
      .map(({ source, partition, next, start }): Stretch => {
        const lane = rawLane({ source, partition }, catalog.settings.lanes);
        const mine = of('flatten').find((one) => one.source === id && one.partition === partition && one.lane === lane);
        const from = mine?.next ?? start;
        const raw = { source, partition, from, to: next };
        return {
          ...{ key: `${source}:${partition}`, phase: 'flatten', source: definition.name },
          ...{ records: Math.max(0, next - from), newest: mine?.time ?? null, raw },
        };
      }),
  );

const summariseStretches = ({ catalog, of }: Standing): readonly Stretch[] =>
  catalog.sources.flatMap(({ id, definition }) =>
    of('flatten')
      .filter(({ source }) => source === id)
      .flatMap(({ source, partition, next, start }) =>
        Array.from({ length: catalog.settings.lanes }, (_, lane): Stretch => {
          const mine = of('summarise').find((one) => one.source === id && one.partition === partition && one.lane === lane);
          const from = mine?.next ?? start;
          const raw = { source, partition, from, to: next };
          return {
            ...{ key: `${source}:${partition}:${lane}`, phase: 'summarise', source: definition.name },
            ...{ records: Math.max(0, next - from), newest: mine?.time ?? null, raw },
          };
        }),
      ),
  );

const publishStretches = ({ catalog, of, seqs }: Standing): readonly Stretch[] =>
  catalog.publications.flatMap(({ id, definition }) =>
    seqs
      // Lanes beyond were retired by a resize.
      .filter(({ phase, lane }) => phase === 'summarise' && lane < catalog.settings.lanes)
      .map(({ lane, seq }): Stretch => {
        const mine = of('publish').find((one) => one.source === id && one.lane === lane);
        const records = Math.max(0, seq + 1 - (mine?.next ?? 0));
        return { key: `${id}:${lane}`, phase: 'publish', source: definition.name, records, newest: mine?.time ?? null, raw: null };
      }),
  );

const stretchesOf: Readonly<Record<PhaseName, (standing: Standing) => readonly Stretch[]>> = {
  ingest: ingestStretches,
  flatten: flattenStretches,
  summarise: summariseStretches,
  publish: publishStretches,
};

/** Offsets that the positions of a source cover minus what became of them: 0, or records were lost or counted twice (delivery rule 12). */
const differenceOf = ({ catalog, of }: Standing, phase: PhaseName, source: string): number | null => {
  if (phase !== 'ingest' && phase !== 'flatten') return null;
  const id = catalog.sources.find(({ definition }) => definition.name === source)?.id;
  return of(phase)
    .filter((position) => position.source === id)
    .reduce((sum, { next, start, counters }) => {
      const { written, failed, filtered, absent } = counters;
      return sum + next - start - written - failed - filtered - absent;
    }, 0);
};

interface Aged extends Stretch {
  readonly lagSeconds: number;
  readonly waitSeconds: number;
}

/**
 * How long stretches have been behind. After a quiet night the newest record dealt with is hours old when the first of the morning comes; it
 * cannot have been waiting since before the last reading that found nothing left, so that reading counts instead.
 */
const createAges = () => {
  const emptyAt = new Map<string, number>();
  return (stretches: readonly Stretch[], now: number): readonly Aged[] =>
    stretches.map((stretch) => {
      const key = `${stretch.phase} ${stretch.key} ${stretch.source}`;
      if (stretch.records === 0) emptyAt.set(key, now);
      const since = emptyAt.get(key) ?? null;
      const known = Math.max(stretch.newest ?? Number.NEGATIVE_INFINITY, since ?? Number.NEGATIVE_INFINITY);
      // Neither known: nothing was ever dealt with, and this is the first reading.
      if (known === Number.NEGATIVE_INFINITY) emptyAt.set(key, now);
      const seconds = stretch.records === 0 || known === Number.NEGATIVE_INFINITY ? 0 : Math.max(0, (now - known) / 1000);
      return { ...stretch, lagSeconds: seconds, waitSeconds: seconds };
    });
};

/** How long the oldest record waits: since it was ingested, where its raw row tells; else since the phase was last seen without work. */
const readWaits = async ({ warehouse, clock }: Installation, aged: readonly Aged[]): Promise<readonly Aged[]> => {
  const behind = aged.filter(({ records, raw }) => records > 0 && raw !== null);
  const asked = new Set(behind.toSorted((a, b) => b.lagSeconds - a.lagSeconds).slice(0, rawRowsMax));
  return Promise.all(
    aged.map(async (one) => {
      if (one.raw === null || !asked.has(one)) return one;
      const [oldest] = await warehouse.committed.readRaw(one.raw, 1);
      return oldest === undefined ? one : { ...one, waitSeconds: Math.max(0, (clock.now() - oldest.ingestedAt) / 1000) };
    }),
  );
};

const max = (numbers: readonly number[]): number => numbers.reduce((highest, number) => Math.max(highest, number), 0);

/** Reads how far phases are behind, for the metrics. @param phases - those that this process runs */
export const createReadings = (installation: Installation, phases: readonly PhaseName[] = phaseNames): (() => Promise<Reading>) => {
  const { metadata, warehouse, clock } = installation;
  const age = createAges();
  return async () => {
    const catalog = await readCatalog(metadata);
    // Sources cost a question to the broker per partition; only ingest is held against their ends.
    const ends = phases.includes('ingest') ? await readEnds(installation, catalog) : new Map<string, number>();
    const [positions, seqs] = [await warehouse.inspect.positions(), await warehouse.inspect.lanes()];
    const standing: Standing = { catalog, ends, seqs, of: (phase) => positions.filter((position) => position.phase === phase) };
    const stretches = phases.flatMap((phase) => stretchesOf[phase](standing));
    const aged = await readWaits(installation, age(stretches, clock.now()));
    const sources = Map.groupBy(aged, ({ phase, source }) => `${phase} ${source}`);
    return {
      sources: [...sources.values()].flatMap((all): readonly SourceReading[] => {
        const [first] = all;
        if (first === undefined) return [];
        const { phase, source } = first;
        const records = all.map((one) => one.records);
        return [
          {
            ...{ phase, source, lagRecords: max(records), backlog: records.reduce((sum, one) => sum + one, 0) },
            lagSeconds: max(all.map((one) => one.lagSeconds)),
            oldestSeconds: max(all.map((one) => one.waitSeconds)),
            difference: differenceOf(standing, phase, source),
          },
        ];
      }),
      openFailures: await warehouse.inspect.openFailures(),
      openRequests: await warehouse.inspect.openRequests(),
      pool: warehouse.pool?.() ?? null,
    };
  };
};
