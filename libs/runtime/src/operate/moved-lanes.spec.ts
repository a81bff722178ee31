import type { PhaseName, StoredLane } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { positionAt } from '../specs/fake-warehouse.ts';
import { movedLanes } from './moved-lanes.ts';

const laneOf = (phase: PhaseName, lane: number, more: Partial<StoredLane> = {}): StoredLane => ({
  ...{ phase, source: 0, lane, seq: 40 + lane, positions: [], facts: { held: 'all', target: 1 }, live: [] },
  ...more,
});

describe('lanes after a resize', () => {
  const publish = (lane: number): StoredLane =>
    laneOf('publish', lane, {
      positions: [positionAt(41, { partition: lane }), positionAt(7, { source: 3, partition: lane })],
      facts: { held: 'all', target: 1, published: '1', 'instance:1': 'sales@1', 'instance:3': 'sales@1' },
    });
  const moved = movedLanes([laneOf('summarise', 0), laneOf('summarise', 1), publish(0), publish(1)], 1);
  const first = moved.find(({ phase, lane }) => phase === 'publish' && lane === 0);

  it('have seqs above all that there were', () => {
    expect(new Set(moved.map(({ seq }) => seq))).toEqual(new Set([42]));
  });

  it('go on with a publication that had come through, and begin anew with one that was not in force and may be behind', () => {
    expect(first?.positions.map(({ source, partition, next }) => ({ source, partition, next }))).toEqual([
      { source: 1, partition: 0, next: 43 },
      { source: 3, partition: 0, next: 0 },
    ]);
  });
});
