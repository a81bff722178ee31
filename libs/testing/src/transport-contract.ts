import { describe } from 'vitest';
import { groupContract } from './transport-contract-groups.ts';
import { logContract } from './transport-contract-log.ts';
import { processContract } from './transport-contract-processes.ts';
import { readContract } from './transport-contract-reads.ts';
import type { TransportHarness } from './transport-harness.ts';

/** What every transport promises (`Transport` in @dsf/ports). `make` gives a new, empty messaging system for each test. */
export const transportContract = (name: string, make: () => Promise<TransportHarness>): void => {
  describe(`${name} keeps the transport's contract`, () => {
    logContract(make);
    readContract(make);
    groupContract(make);
    processContract(make);
  });
};
