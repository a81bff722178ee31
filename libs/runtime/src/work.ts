import type { ConnectionDefinition } from '@dsf/metadata';
import type { CustomMeasures, Delivery, PartitionFeed, PhaseName, Tools, Tracer, Transport, Warehouse } from '@dsf/ports';
import type { BackoffContext } from './backoff.ts';
import type { Catalogs } from './catalogs.ts';
import type { Handover } from './handover.ts';
import type { Lane } from './lane.ts';

/** What a service gives to each of its lanes. */
export interface LaneContext extends BackoffContext {
  readonly phase: PhaseName;
  readonly warehouse: Warehouse;
  readonly catalogs: Catalogs;
  readonly internal: Transport;
  /** Hands ranges to lanes of the same process. */
  readonly handover: Handover;
  readonly transport: (kind: string, connection?: ConnectionDefinition) => Promise<Transport>;
  readonly tools: Tools;
  readonly measures: CustomMeasures;
  readonly tracer: Tracer;
  /** Aborts when the drain budget is used up: give up what you are doing. */
  readonly giveUp: AbortSignal;
}

/** How one attempt at a batch goes about it. */
export interface Attempt {
  /** Most records in one transaction; halved after a data error, to find the record that causes it. */
  readonly recordsMax: number;
  /** Set when a record failed alone, and again: store the first record of the batch as this failure. */
  readonly refuse: { readonly code: string; readonly detail: string } | null;
}

/** What differs between the phases once a lane is theirs. The loop in `lane-loop.ts` calls these one at a time, never two at once. */
export interface LaneWork {
  readonly lane: Lane;
  /** After each claim: look at what was there before us, and say where we stand. */
  claimed(feed: PartitionFeed): Promise<void>;
  /** Between batches: what requests and catalog changes ask for. */
  chores(): Promise<void>;
  /**
   * Takes everything of the deliveries that the lane has not had, in as many transactions as that needs, and sends on what follows.
   * Called again with the same deliveries after an error.
   * @param attempt - how this attempt goes about it, once it is known by which version of the definitions it decides; to be asked once
   */
  handle(deliveries: readonly Delivery[], attempt: (version: number) => Attempt): Promise<void>;
  /**
   * The log no longer has the place where the feed stood: seek another. An internal topic is a convenience, so its readers go on at `start`
   * and refill what is missing; a source is checked again (delivery rule 5).
   */
  goOn(feed: PartitionFeed, start: number): Promise<void>;
  /** Nothing came for a moment, or the lane is left: send what was held back. */
  pause(): Promise<void>;
  /** Says where the lane stands, so that a receiver sees a gap at the end. */
  announce(): Promise<void>;
}
