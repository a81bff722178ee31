import { describe } from 'vitest';
import { groupContract } from './transport-contract-groups.ts';
import { logContract } from './transport-contract-log.ts';
import { processContract } from './transport-contract-processes.ts';
import { laneProcessContract } from './transport-contract-lane-processes.ts';
import { laneContract, type Strictness } from './transport-contract-lanes.ts';
import { readContract } from './transport-contract-reads.ts';
import type { LaneHarness, TransportHarness } from './transport-harness.ts';

/** What every transport promises (`Transport` in @dsf/ports). `make` gives a new, empty messaging system for each test. */
export const transportContract = (name: string, make: () => Promise<TransportHarness>): void => {
  describe(`${name} keeps the transport's contract`, () => {
    logContract(make);
    readContract(make);
    groupContract(make);
    processContract(make);
  });
};

/**
 * What a transport promises whose `offsets` are `assigned`: the same of messages, members and processes, without anything to be read again by its
 * number. Groups have what was sent since they were there.
 */
export const laneTransportContract = (name: string, make: () => Promise<LaneHarness>, strictness: Strictness): void => {
  describe(`${name} keeps the contract of a transport without offsets`, () => {
    laneContract(make, strictness);
    laneProcessContract(make, strictness);
  });
};
