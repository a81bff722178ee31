import { Failure } from '@dsf/ports';

/** A batch, and the offset behind it. */
export interface BatchPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly next: number;
}

/**
 * Which batch cannot be read, why, and how to get past it. @param error - of a reader that does not know where it reads
 * @returns Failure `fatal` `transport.unreadable`; its fact `start` is where the log goes on
 */
export const unreadableAt = ({ topic, partition, offset, next }: BatchPlace, error: unknown): Failure => {
  const [why, facts] = error instanceof Failure ? [error.message, error.facts] : ['a record of it is damaged', {}];
  const text = `the batch at offset ${offset} of partition ${partition} of topic "${topic}" cannot be read: ${why}. To read on behind it, define a source with a new name and start: "${partition}:${next}"`;
  return new Failure('fatal', 'transport.unreadable', text, { ...facts, topic, partition, offset, start: next }, { cause: error });
};
