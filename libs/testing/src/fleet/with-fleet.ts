import { setTimeout as delay } from 'node:timers/promises';
import { buildCatalog, definitionsSchema } from '@dsf/metadata';
import { Failure, type MetadataStore } from '@dsf/ports';
import { expect } from 'vitest';
import { startFleet, type Fleet, type FleetOptions } from './fleet.ts';
import { serviceNames, type Ending } from './service-process.ts';

/** Each service listens where there is room. */
export const freePorts: Readonly<Record<string, string>> = Object.fromEntries(
  serviceNames.map((name) => [`${name.toUpperCase()}_HTTP_PORT`, '0']),
);

/** What the services of an installation see, and everyone else who works with it. */
export const fleetEnvironment = (home: string): Readonly<Record<string, string>> => ({
  DSF_HOME: home,
  DSF_LOG_LEVEL: 'warn',
  ...freePorts,
});

/** Makes definitions the version in force. */
export const activateAll = async (metadata: Pick<MetadataStore, 'activate'>, wanted: unknown): Promise<void> => {
  const definitions = definitionsSchema.parse(wanted);
  const activation = await metadata.activate({ definitions, comment: 'test', now: Date.now(), check: buildCatalog });
  if (activation.kind !== 'activated') throw new Error(`the definitions were not activated: ${JSON.stringify(activation)}`);
};

/** Characters of the services' logs that a failing test shows. */
const logMax = 4000;

/**
 * Runs services while `work` goes on; none of them may end meanwhile, but by a blow.
 * @returns how each ended when it was told to stop
 */
export const withFleet = async (options: FleetOptions, work: (fleet: Fleet) => Promise<void>): Promise<readonly Ending[]> => {
  const fleet = startFleet(options);
  let endings: readonly Ending[] = [];
  try {
    await work(fleet);
    expect(fleet.casualties()).toEqual([]);
  } catch (error) {
    throw new Error(fleet.logs().slice(-logMax), { cause: error });
  } finally {
    endings = await fleet.stop();
  }
  return endings;
};

const pollMs = 100;

/** Waits until nothing is left to do. @param readStatus - of the installation; tried again where its connection was lost meanwhile */
export const untilIdle = async (readStatus: () => Promise<{ readonly idle: boolean }>, limitMs: number): Promise<void> => {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const status = await readStatus().catch((error: unknown) => {
      if (error instanceof Failure && error.kind === 'retry') return null;
      throw error;
    });
    if (status?.idle === true) return;
    if (Date.now() > deadline) throw new Error(`not idle after ${limitMs} ms: ${JSON.stringify(status)}`);
    await delay(pollMs);
  }
};
