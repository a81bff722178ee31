import type { Catalog, CatalogPublication } from '@dsf/metadata';
import type { Failure, OutgoingMessage, TopicWriter, Transport } from '@dsf/ports';
import { asFailure } from '../backoff.ts';
import { createBreaker, type Breaker } from '../breaker.ts';
import type { Lane } from '../lane.ts';
import { inTrace, sendSpan } from '../tracing.ts';
import type { LaneContext } from '../work.ts';

/**
 * Where the documents of a lane go. A publication whose topic cannot be written rests; its neighbours go on. What it misses meanwhile is
 * read from the state when it is tried again, as after every take-over (delivery rule 9). Each has a breaker of its own, as a source has.
 */
export interface Outlets {
  isOpen(catalog: Catalog, publication: CatalogPublication): boolean;
  /** Forgets those that the catalog no longer has. */
  keepOnly(catalog: Catalog): void;
  /** Makes sure that the topic is there, and shuts out whoever wrote for this lane before. Comes before the state is read: what is sent is then never older than what that one has sent. */
  begin(publication: CatalogPublication): Promise<void>;
  send(publication: CatalogPublication, messages: readonly OutgoingMessage[]): Promise<void>;
  transportOf(publication: CatalogPublication): Promise<Transport>;
  /**
   * @returns false when the transport failed and the publication rests; other failures are thrown
   * @throws Failure `fatal` when no publication is left that could go on
   */
  attempt(catalog: Catalog, publication: CatalogPublication, work: () => Promise<void>): Promise<boolean>;
}

interface Rest {
  /** Under another version it may be another topic: tried at once. */
  readonly version: number;
  readonly since: number;
  readonly pauseMs: number;
  readonly attempts: number;
  readonly failure: Failure;
  readonly breaker: Breaker;
}

/** Only a person can mend it, and may do so while the service runs. */
const stoppedPauseMs = 30_000;

const isOfTransport = ({ code }: Failure): boolean => code.split('.')[0] === 'transport';

/** Where a publication was begun, and the writer that it has there. */
interface Outlet {
  readonly place: string;
  readonly writer: TopicWriter | null;
}

/** What a new version may have moved while the lane stays: the writer of before leads to the old cluster. */
const placeOf = ({ topic, connection, definition: { transport, partitions, transactional } }: CatalogPublication): string =>
  JSON.stringify([transport, connection, topic, partitions, transactional]);

/** The same for whoever has the lane: a later one shuts out an earlier one. */
const writerName = ({ definition }: CatalogPublication, lane: Lane): string => `dsf.publish.${definition.name}.${lane.key.lane}`;

/** Publications that rest, and for how long. */
const makeRests = ({ clock, telemetry, settings, phase }: LaneContext, lane: Lane) => {
  const rests = new Map<number, Rest>();
  const end = (id: number): void => {
    rests.get(id)?.breaker.close();
    rests.delete(id);
  };
  return {
    // A clock that is set back must not make it rest longer.
    isOpen: (catalog: Catalog, { id }: CatalogPublication): boolean => {
      const rest = rests.get(id);
      return rest === undefined || rest.version !== catalog.version || Math.abs(clock.now() - rest.since) >= rest.pauseMs;
    },
    end: ({ id }: CatalogPublication): void => end(id),
    keepOnly: ({ publications }: Catalog): void => {
      for (const id of [...rests.keys()]) if (!publications.some((publication) => publication.id === id)) end(id);
    },
    begin: (catalog: Catalog, { id, definition }: CatalogPublication, failure: Failure): void => {
      const before = rests.get(id);
      const isStopped = failure.kind !== 'retry';
      const pauseMs = isStopped ? stoppedPauseMs : Math.min((before?.pauseMs ?? settings.retryMinMs / 2) * 2, settings.retryMaxMs);
      const attempts = (before?.attempts ?? 0) + 1;
      const own = { telemetry, phase, lane: lane.name, source: definition.name };
      const breaker = before?.breaker ?? createBreaker(own, settings.breakerFailures);
      rests.set(id, { version: catalog.version, since: clock.now(), pauseMs, attempts, failure, breaker });
      // What only a person can mend is an outage from the first attempt on.
      breaker.failed(isStopped ? settings.breakerFailures : attempts, failure);
      const { code, message, facts } = failure;
      const about = { phase, lane: `${lane.name} (${definition.name})`, code, message };
      if (!isStopped) telemetry.emit({ name: 'retry', attempt: attempts, waitMs: pauseMs, ...about });
      else if (before?.failure.code !== code) telemetry.emit({ name: 'stopped', facts, ...about });
    },
    /** True when every publication waits for a person. */
    areAllStopped: ({ publications }: Catalog): boolean =>
      publications.every(({ id }) => (rests.get(id)?.failure.kind ?? 'retry') !== 'retry'),
  };
};

export const createOutlets = (context: LaneContext, lane: Lane): Outlets => {
  const rests = makeRests(context, lane);
  const begun = new Map<number, Outlet>();
  const transportOf = ({ definition, connection }: CatalogPublication): Promise<Transport> =>
    context.transport(definition.transport, connection);

  return {
    isOpen: rests.isOpen,
    keepOnly: rests.keepOnly,
    transportOf,
    async begin(publication) {
      const { id, topic, definition } = publication;
      const place = placeOf(publication);
      if (begun.get(id)?.place === place) return;
      begun.delete(id);
      const transport = await transportOf(publication);
      await transport.ensureTopic(topic, definition.partitions);
      const writer = definition.transactional ? await transport.openWriter?.(topic, writerName(publication, lane)) : undefined;
      begun.set(id, { place, writer: writer ?? null });
    },
    async send(publication, messages) {
      const { id, topic } = publication;
      const transport = await transportOf(publication);
      const { system = 'dsf' } = transport.capabilities;
      const sender = begun.get(id)?.writer ?? transport;
      await context.tracer.span(
        () => sendSpan(system, topic, messages.length),
        (traceparent) => sender.send(topic, inTrace(messages, traceparent)),
      );
    },
    async attempt(catalog, publication, work) {
      try {
        await work();
        rests.end(publication);
        return true;
      } catch (error) {
        const failure = asFailure(error);
        if (!isOfTransport(failure)) throw failure;
        begun.delete(publication.id);
        rests.begin(catalog, publication, failure);
        if (rests.areAllStopped(catalog)) throw failure;
        return false;
      }
    },
  };
};
