import { rawLane, sourcePartitionKey } from '@dsf/messages';
import { buildCatalog, type Catalog, type CatalogSource } from '@dsf/metadata';
import { Failure, phaseNames, type Counters, type LaneKey, type LanePosition, type MetadataStore, type PhaseName } from '@dsf/ports';
import type { Installation } from './installation.ts';

/**
 * How far one phase has come with one source (publish: one publication).
 * received = written + failed + filtered; ingest and flatten count records, summarise counts points, publish counts documents.
 */
export interface PhaseStatus extends Counters {
  readonly phase: PhaseName;
  readonly received: number;
  /** Records (publish: revisions) that the phase before has and this one has not; the largest over the lanes. */
  readonly lag: number;
  /** Age of the newest record that this phase has had, seconds, while it lags; 0 when it does not. */
  readonly lagSeconds: number;
  /** Oldest catalog version that a lane of this phase used last. */
  readonly version: number;
}

export interface SourceStatus {
  readonly name: string;
  readonly phases: readonly PhaseStatus[];
}

export interface Status {
  readonly version: number;
  readonly sources: readonly SourceStatus[];
  readonly publications: readonly SourceStatus[];
  readonly openRequests: number;
  readonly openFailures: number;
  /** True when everything that was sent has gone through all phases and no request is open. */
  readonly idle: boolean;
  /** The same for the first phases only: `idleThrough.flatten` = ingest and flatten have nothing left to do. */
  readonly idleThrough: Readonly<Record<PhaseName, boolean>>;
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((total, item) => total + of(item), 0);
const max = (numbers: readonly number[]): number => numbers.reduce((highest, number) => Math.max(highest, number), 0);

/** Positions of one read of the state, by phase. */
interface Standing {
  readonly catalog: Catalog;
  readonly now: number;
  readonly of: (phase: PhaseName) => readonly LanePosition[];
  readonly ends: ReadonlyMap<string, number>;
  /** Sources whose topic is another one now. */
  readonly remade: ReadonlySet<number>;
  readonly seqs: readonly (LaneKey & { readonly seq: number })[];
}

const toPhase = (standing: Standing, phase: PhaseName, mine: readonly LanePosition[], lag: number): PhaseStatus => {
  const counters = (of: (counters: Counters) => number): number => sum(mine, (position) => of(position.counters));
  const written = counters((one) => one.written);
  const failed = counters((one) => one.failed);
  const filtered = counters((one) => one.filtered);
  const newest = max(mine.map(({ time }) => time ?? 0));
  return {
    phase,
    received: written + failed + filtered,
    written,
    failed,
    filtered,
    absent: counters((one) => one.absent),
    duplicates: counters((one) => one.duplicates),
    refills: counters((one) => one.refills),
    lag,
    lagSeconds: lag > 0 && newest > 0 ? Math.max(0, (standing.now - newest) / 1000) : 0,
    version: mine.length === 0 ? 0 : Math.min(...mine.map((position) => position.version)),
  };
};

/** Each phase is held against the one before it, which was read earlier: what is equal then had nothing left to do. */
const sourceStatus = (standing: Standing, { id, definition }: CatalogSource): SourceStatus => {
  const { settings } = standing.catalog;
  const of = (phase: PhaseName): readonly LanePosition[] => standing.of(phase).filter(({ source }) => source === id);
  const [ingest, flatten, summarise] = [of('ingest'), of('flatten'), of('summarise')];
  const ingestLag =
    sum(ingest, (position) => unreadOf(standing, position)) +
    unreadPartitions(standing, id, ingest) +
    awaited(definition, ingest) +
    (standing.remade.has(id) ? 1 : 0);
  const flattenLag = sum(
    ingest,
    ({ source, partition, next, start }) =>
      next -
      (flatten.find((one) => one.partition === partition && one.lane === rawLane({ source, partition }, settings.lanes))?.next ?? start),
  );
  const summariseLag = sum(flatten, ({ partition, next, start }) =>
    max(
      Array.from(
        { length: settings.lanes },
        (_, lane) => next - (summarise.find((one) => one.partition === partition && one.lane === lane)?.next ?? start),
      ),
    ),
  );
  return {
    name: definition.name,
    phases: [
      toPhase(standing, 'ingest', ingest, ingestLag),
      toPhase(standing, 'flatten', flatten, flattenLag),
      toPhase(standing, 'summarise', summarise, summariseLag),
    ],
  };
};

/** Lanes of a source without offsets that have not been quiet for a moment yet. Kafka and the local log say where they end, so there it is 0. */
const awaited = ({ transport, partitions }: CatalogSource['definition'], ingest: readonly LanePosition[]): number =>
  transport === 'pubsub' ? Math.max(0, partitions - ingest.length) + ingest.filter(({ idle }) => !idle).length : 0;

/** An end before the position is no rest either: the topic is another one now, and whoever reads it is about to say so. */
const unreadOf = ({ ends }: Standing, position: LanePosition): number =>
  Math.abs((ends.get(sourcePartitionKey(position)) ?? position.next) - position.next);

/** Records in partitions that no ingest lane has ever claimed. */
const unreadPartitions = ({ ends }: Standing, source: number, ingest: readonly LanePosition[]): number => {
  const known = new Set(ingest.map(sourcePartitionKey));
  return sum([...ends], ([key, end]) => (key.startsWith(`${source}:`) && !known.has(key) ? end : 0));
};

/** A topic that nobody has made yet has nothing in it; one that cannot be asked may have. */
const noneIfMissing = (error: unknown): number => {
  if (error instanceof Failure && error.code === 'transport.topic-missing') return 0;
  throw error;
};

export const readEnds = async (installation: Installation, { sources }: Catalog): Promise<ReadonlyMap<string, number>> => {
  const ends = new Map<string, number>();
  for (const { id, topic, definition, connection, retired } of sources) {
    if (retired) continue;
    const transport = await installation.transport(definition.transport, connection);
    // How much is left of a subscription is not known here; see `awaited`.
    if (transport.capabilities.offsets === 'assigned') continue;
    const partitions = await transport.partitionCount(topic).catch(noneIfMissing);
    for (let partition = 0; partition < partitions; partition += 1)
      ends.set(`${id}:${partition}`, (await transport.bounds(topic, partition)).end);
  }
  return ends;
};

/** Sources whose topic was made anew, perhaps with as many messages: whoever reads it is about to say so, and until then nothing is at rest. */
const readRemade = async (installation: Installation, { sources }: Catalog): Promise<ReadonlySet<number>> => {
  const remade = new Set<number>();
  for (const { id, topic, definition, connection, retired } of sources) {
    if (retired) continue;
    const transport = await installation.transport(definition.transport, connection);
    if (transport.topicId === undefined) continue;
    const { facts } = await installation.warehouse.loadLane({ phase: 'ingest', source: id, lane: 0 });
    const known = facts['topicId'] ?? null;
    if (known === null || facts['topic'] !== topic) continue;
    // A topic that is missing is told elsewhere.
    const now = await transport.topicId(topic).catch(() => null);
    if (now !== null && now !== known) remade.add(id);
  }
  return remade;
};

/** Instances that are not yet live in every lane have a fold to come. */
const adoptionsOpen = async ({ warehouse }: Installation, { drivers, settings }: Catalog): Promise<number> => {
  let open = 0;
  for (let lane = 0; lane < settings.lanes; lane += 1) {
    const live = new Set(await warehouse.committed.readLiveInstances(lane));
    open += drivers.filter(({ instance }) => !live.has(instance)).length;
  }
  return open;
};

/** @throws Failure `fatal` `catalog.unreadable`: of what this binary does not understand it cannot say that it is idle */
export const readCatalog = async (metadata: MetadataStore): Promise<Catalog> => {
  const version = await metadata.currentVersion();
  if (version === 0) return { version, settings: { lanes: 1 }, sources: [], drivers: [], publications: [] };
  const { catalog, problems } = buildCatalog(await metadata.loadVersion(version), version, { customMeasures: 'any' });
  if (catalog !== null) return catalog;
  const why = problems[0]?.message ?? 'no reason given';
  throw new Failure('fatal', 'catalog.unreadable', `catalog version ${version} is not accepted by this binary: ${why}`, { version });
};

/**
 * True when a publication has documents to come that its lag does not show: a lane has not looked at it since the version in force was
 * activated, and its driver may be another one now.
 */
const isUnseen = ({ catalog, of }: Standing, id: number): boolean =>
  of('publish').some(({ source, version }) => source === id && version < catalog.version);

/** Reads how far every phase has come, from the source to the publication, so that a phase is never held against a later past of the one before. */
export const readStatus = async (installation: Installation): Promise<Status> => {
  const { metadata, warehouse, clock } = installation;
  const catalog = await readCatalog(metadata);
  const ends = await readEnds(installation, catalog);
  const remade = await readRemade(installation, catalog);
  const requestsBefore = await warehouse.inspect.openRequests();
  const adoptions = await adoptionsOpen(installation, catalog);
  const seqs = await warehouse.inspect.lanes();
  const positions = await warehouse.inspect.positions();
  const standing: Standing = {
    catalog,
    now: clock.now(),
    of: (phase) => positions.filter((position) => position.phase === phase),
    ends,
    remade,
    seqs,
  };
  const openRequests = Math.max(requestsBefore, await warehouse.inspect.openRequests());

  const sources = catalog.sources.map((source) => sourceStatus(standing, source));
  const publications = catalog.publications.map(({ id, definition }): SourceStatus => {
    const mine = standing.of('publish').filter(({ source }) => source === id);
    const lag = max(
      standing.seqs
        // Lanes beyond were retired by a resize.
        .filter(({ phase, lane }) => phase === 'summarise' && lane < catalog.settings.lanes)
        .map(({ lane, seq }) => seq + 1 - (mine.find((one) => one.lane === lane)?.next ?? 0)),
    );
    return { name: definition.name, phases: [toPhase(standing, 'publish', mine, lag)] };
  });

  const lagOf = (phase: PhaseName): number =>
    sum(
      [...sources, ...publications].flatMap(({ phases }) => phases),
      (one) => (one.phase === phase ? one.lag : 0),
    );
  const unseen = catalog.publications.some(({ id }) => isUnseen(standing, id));
  const quiet = (phase: PhaseName): boolean =>
    lagOf(phase) === 0 &&
    (phase !== 'summarise' || adoptions === 0) &&
    (phase !== 'publish' || !unseen) &&
    (phase === 'ingest' || openRequests === 0);
  const through = (last: PhaseName): boolean => phaseNames.slice(0, phaseNames.indexOf(last) + 1).every(quiet);
  return {
    version: catalog.version,
    sources,
    publications,
    openRequests,
    openFailures: await warehouse.inspect.openFailures(),
    idle: through('publish'),
    idleThrough: { ingest: through('ingest'), flatten: through('flatten'), summarise: through('summarise'), publish: through('publish') },
  };
};
