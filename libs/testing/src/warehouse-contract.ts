import type { Warehouse } from '@dsf/ports';
import { afterAll, beforeAll, describe } from 'vitest';
import { administrationContract } from './warehouse/administration.ts';
import { choresContract } from './warehouse/chores.ts';
import { flatContract } from './warehouse/flat.ts';
import { groupsContract } from './warehouse/groups.ts';
import { intentsContract } from './warehouse/intents.ts';
import { inspectionContract } from './warehouse/inspection.ts';
import { lanesContract } from './warehouse/lanes.ts';
import { rawContract } from './warehouse/raw.ts';
import { retentionContract } from './warehouse/retention.ts';
import { isPlain, type Lack, type Room } from './warehouse/room.ts';
import { schemaContract } from './warehouse/schema.ts';

/**
 * Everything that the port promises, as tests. Each adapter runs it in its own spec.
 * @param open - a handle on one database that is empty when the suite begins; each call gives another handle on the same one. The tests
 * keep apart by using sources, lanes and names of their own.
 * @param lacks - what the server under test cannot do although the engine can; the tests ask that much less, and the suite's name says so
 */
export const warehouseContract = (name: string, open: () => Promise<Warehouse>, lacks: readonly Lack[] = []): void => {
  const without = lacks.length === 0 ? '' : ` (on a server without ${lacks.join(', ')})`;
  describe(`the warehouse contract, kept by ${name}${without}`, () => {
    let opened: Warehouse | null = null;
    let numbers = 0;
    const room: Room = {
      warehouse: () => {
        if (opened === null) throw new Error('the warehouse is not open');
        return opened;
      },
      open,
      fresh: () => (numbers += 1),
      takes: (text) => !lacks.includes('any UTF-16') || isPlain(text),
      lacks: (lack) => lacks.includes(lack),
    };
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.close());

    lanesContract(room);
    rawContract(room);
    schemaContract(room);
    flatContract(room);
    groupsContract(room);
    choresContract(room);
    retentionContract(room);
    administrationContract(room);
    intentsContract(room);
    inspectionContract(room);
  });
};
