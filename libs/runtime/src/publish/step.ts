import { groupText, type GroupChange } from '@dsf/messages';
import type { Catalog, CatalogPublication } from '@dsf/metadata';
import type { OutgoingMessage, Position, PublishEffects, PublishPhase, RecordFailure } from '@dsf/ports';
import { addCounts, noCounts, type Lane } from '../lane.ts';
import { messageBytesMaxOf } from '../outbox.ts';
import { compileOnce } from '../plan-cache.ts';
import { reportRefusals } from '../report-refusals.ts';
import { startStages } from '../stages.ts';
import type { LaneContext } from '../work.ts';
import type { Outlets } from './outlets.ts';

/** Changes of one publication's groups, and how far the publication has come when they are sent. */
export interface Part {
  readonly changes: readonly GroupChange[];
  /** First revision that is not in the part. */
  readonly next: number;
  readonly refilled: boolean;
  /** Source timestamp of the newest record behind them, UTC ms; null where it is not known. */
  readonly time: number | null;
}

const instanceFact = ({ id }: CatalogPublication): string => `instance:${id}`;

/** The next revision of a publication in this lane; it begins anew when its driver has become another instance. */
export const nextRevision = (lane: Lane, publication: CatalogPublication): number => {
  // Below it are revisions of before a recovery: each group gets a new one.
  const from = Number(lane.facts()['revisionsFrom'] ?? 0);
  if (lane.facts()[instanceFact(publication)] !== publication.driver.instance) return from;
  return Math.max(from, lane.position({ source: publication.id, partition: lane.key.lane })?.next ?? 0);
};

/** Sends the documents of a part, then commits how far the publication has come: the one phase that sends first (delivery rule 9). */
export const createPublishStep = <Plan>(context: LaneContext, phase: PublishPhase<Plan>, lane: Lane, outlets: Outlets) => {
  const { clock, telemetry, tools } = context;
  const compile = compileOnce((catalog: Catalog) => phase.compile(catalog, tools));

  const commit = async (
    catalog: Catalog,
    publication: CatalogPublication,
    outcome: Pick<Part, 'next' | 'time'> & {
      readonly written: number;
      readonly refills: number;
      readonly refusals: readonly RecordFailure[];
    },
  ): Promise<void> => {
    const { next, time, refusals, written, refills } = outcome;
    const at = { source: publication.id, partition: lane.key.lane };
    const before: Position = lane.position(at) ?? { ...at, next: 0, start: 0, time: null, idle: false, version: 0, counters: noCounts };
    const counters = addCounts(before.counters, { written, failed: refusals.length, refills });
    const facts = { ...lane.facts(), [instanceFact(publication)]: publication.driver.instance };
    const after: Position = { ...before, next, time: time ?? before.time, version: catalog.version, counters };
    await lane.transact({ positions: [after], facts }, async (transaction) => {
      if (refusals.length > 0) await transaction.writeFailures(refusals, clock.now());
    });
  };

  return async (catalog: Catalog, publication: CatalogPublication, { changes, next, refilled, time }: Part): Promise<void> => {
    const stages = startStages(clock);
    const effects = phase.apply(compile(catalog), publication.id, changes);
    const messageBytesMax = messageBytesMaxOf(await outlets.transportOf(publication), publication.topic);
    const messages = effects.messages.filter((message) => fits(message, messageBytesMax));
    stages.end('decide');
    if (messages.length > 0) await outlets.send(publication, messages);
    stages.end('send');
    const sentAt = clock.now();
    const at = { source: publication.id, partition: lane.key.lane, version: catalog.version };
    const refusals = refusalsOf(effects, messageBytesMax, { ...at, revision: next - 1 });
    await commit(catalog, publication, { next, time, written: messages.length, refills: refilled ? 1 : 0, refusals });
    stages.end('write');
    if (changes.length === 0) return;
    const bytes = messages.reduce((sum, { body }) => sum + (body?.byteLength ?? 0), 0);
    telemetry.emit({
      name: 'batch',
      phase: 'publish',
      lane: lane.name,
      received: changes.length,
      written: messages.length,
      failed: refusals.length,
      filtered: effects.filtered,
      duplicates: 0,
      sent: messages.length,
      bytes,
      writtenBytes: bytes,
      ms: stages.ms(),
      stages: stages.times(),
      ...(time === null || messages.length === 0 ? {} : { latencyMs: Math.max(0, sentAt - time) }),
    });
    reportRefusals(telemetry, { phase: 'publish', lane: lane.name, refusals });
  };
};

const fits = ({ body }: OutgoingMessage, bytesMax: number): boolean => (body?.byteLength ?? 0) <= bytesMax;

/** Documents that could not be made, and those that the transport would not take; their neighbours go out. */
const refusalsOf = (
  { refusals, messages }: PublishEffects,
  bytesMax: number,
  { revision, ...at }: { readonly source: number; readonly partition: number; readonly version: number; readonly revision: number },
): readonly RecordFailure[] => [
  ...refusals.map(({ change, code, detail }): RecordFailure => ({
    phase: 'publish',
    ...at,
    offset: change.revision,
    scope: groupText(change.key, change.window),
    code,
    path: null,
    detail,
  })),
  ...messages
    .filter((message) => !fits(message, bytesMax))
    .map(({ key, body }): RecordFailure => {
      const detail = `the document has ${body?.byteLength ?? 0} bytes, the transport takes ${bytesMax}`;
      return {
        phase: 'publish',
        ...at,
        offset: revision,
        scope: new TextDecoder().decode(key ?? new Uint8Array()),
        code: 'publish.too-large',
        path: null,
        detail,
      };
    }),
];
