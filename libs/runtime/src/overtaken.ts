import { Failure, type LaneKey } from '@dsf/ports';

/** The turn was taken, but it is not what its author remembers. */
export const overtaken = (lane: LaneKey): Failure =>
  new Failure('retry', 'catalog.overtaken', 'another version came into force before a driver had gone live: its lane looks again', {
    ...lane,
  });

export const isOvertaken = (error: unknown): boolean => error instanceof Failure && error.code === 'catalog.overtaken';
