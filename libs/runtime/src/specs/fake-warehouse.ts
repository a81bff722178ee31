import { sourcePartitionKey } from '@dsf/messages';
import { Failure, type LaneKey, type LaneReads, type LaneState, type LaneTransaction, type Position, type Warehouse } from '@dsf/ports';
import { laneName, noCounts } from '../lane.ts';

/** One write of a transaction that committed. */
export type Write = readonly [call: string, ...values: readonly unknown[]];

export interface FakeWarehouse extends Warehouse {
  /** Everything that was committed, in order. */
  readonly writes: Write[];
  /** Somebody else takes a turn in a lane. */
  takeTurn(lane: LaneKey, positions?: readonly Position[]): void;
  /** Runs within each transaction before it commits; what it throws rolls back. */
  beforeCommit: () => void;
}

export const positionAt = (next: number, more: Partial<Position> = {}): Position => ({
  ...{ source: 1, partition: 0, next, start: 0, time: null, idle: false, version: 1, counters: noCounts },
  ...more,
});

/** Lanes with their compare-and-set, and a list of what was written; reads are the spec's. What it does not give is not there to be called. */
export const fakeWarehouse = (
  lanes: readonly (readonly [LaneKey, Partial<LaneState>])[] = [],
  { committed = {}, ...parts }: Partial<Omit<Warehouse, 'committed'>> & { readonly committed?: Partial<LaneReads> } = {},
): FakeWarehouse => {
  const states = new Map<string, LaneState>(lanes.map(([lane, state]) => [laneName(lane), { seq: 1, positions: [], facts: {}, ...state }]));
  const stateOf = (lane: LaneKey): LaneState => states.get(laneName(lane)) ?? { seq: 0, positions: [], facts: {} };
  const merged = (before: readonly Position[], after: readonly Position[]): readonly Position[] => [
    ...new Map([...before, ...after].map((position) => [sourcePartitionKey(position), position])).values(),
  ];
  const self: FakeWarehouse = {
    ...({} as Warehouse),
    writes: [],
    beforeCommit: () => undefined,
    takeTurn(lane, positions = []) {
      const { seq, positions: before, facts } = stateOf(lane);
      states.set(laneName(lane), { seq: seq + 1, positions: merged(before, positions), facts });
    },
    loadLane: async (lane) => stateOf(lane),
    async transact(lane, seq, work) {
      if (stateOf(lane).seq !== seq) throw new Failure('retry', 'lane.lost', 'another worker has had a turn in this lane');
      const writes: Write[] = [];
      const transaction = new Proxy({ seq: seq + 1 } as LaneTransaction, {
        get: (own, name) =>
          name === 'seq' ? own.seq : async (...values: readonly unknown[]) => void writes.push([String(name), ...values]),
      });
      const result = await work(transaction);
      self.beforeCommit();
      self.writes.push(...writes);
      const written = <T>(call: string): T | undefined => writes.findLast(([name]) => name === call)?.[1] as T | undefined;
      const { positions, facts } = stateOf(lane);
      states.set(laneName(lane), {
        seq: seq + 1,
        positions: merged(positions, written<readonly Position[]>('writePositions') ?? []),
        facts: written<LaneState['facts']>('writeFacts') ?? facts,
      });
      return result;
    },
    ...parts,
    committed: committed as LaneReads,
  };
  return self;
};
