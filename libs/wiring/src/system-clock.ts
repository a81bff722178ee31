import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@dsf/ports';

/** The machine's clock. The one place outside tests where time comes from. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { signal });
    } catch {
      // Aborted: the caller looks at the signal.
    }
  },
};

/** Numbers in [0, 1) that spread the attempts of many processes. */
export const systemRandom = (): number => Math.random();
