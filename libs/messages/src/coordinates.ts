/**
 * The name of a record for ever: which source, which partition of it, which offset in that partition.
 * `source` is the number that activation gave to the source's name; `offset` is an integer of at most 2^53 - 1
 * (an adapter refuses to start on a broker that is beyond that).
 */
export interface Coordinates {
  readonly source: number;
  readonly partition: number;
  readonly offset: number;
}

/** One partition of one source: what positions and ranges are counted in. */
export interface SourcePartition {
  readonly source: number;
  readonly partition: number;
}

/** A text key for maps of source partitions. */
export const sourcePartitionKey = ({ source, partition }: SourcePartition): string => `${source}:${partition}`;
