import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from './seeded-random.ts';
import { serviceNames, startService, type Ending, type ServiceProcess } from './service-process.ts';

export interface FleetOptions {
  /** Settings of every process: where the installation is, how fast it polls. */
  readonly environment: Readonly<Record<string, string>>;
  readonly replicas: number;
  /** Default: all four. */
  readonly services?: readonly ServiceProcess['name'][];
  /** Settings of one service alone, such as its login. */
  readonly own?: Readonly<Partial<Record<ServiceProcess['name'], Readonly<Record<string, string>>>>>;
}

export interface ChaosOptions {
  readonly seed: number;
  /** How many times something is killed or frozen. */
  readonly blows: number;
  /** Longest pause between two blows, ms. */
  readonly pauseMsMax: number;
  /** Longest freeze, ms; beyond the transport's member timeout a frozen process becomes a zombie with its memory. */
  readonly freezeMsMax: number;
}

/** The services, each in as many processes as asked for; a process that was killed is started again. */
export interface Fleet {
  /** Kills and freezes random processes at random moments. Resolves when the last has been started or thawed again. */
  readonly chaos: (options: ChaosOptions) => Promise<{ readonly kills: number; readonly freezes: number }>;
  /** Freezes every process of a service, or lets it go on. */
  readonly signal: (name: ServiceProcess['name'], signal: 'SIGSTOP' | 'SIGCONT') => void;
  /** Processes that ended although nobody killed them. */
  readonly casualties: () => readonly string[];
  /** SIGTERM to all, and how each ended. @throws Error with the log of one that does not end */
  readonly stop: () => Promise<readonly Ending[]>;
  readonly logs: () => string;
}

const thaw = async (victim: ServiceProcess, afterMs: number): Promise<void> => {
  await delay(afterMs);
  victim.signal('SIGCONT');
};

/** Far longer than a drain may take. */
const endMsMax = 90_000;

const endingOf = async (service: ServiceProcess): Promise<Ending> => {
  const patience = new AbortController();
  const late = delay(endMsMax, 'late' as const, { signal: patience.signal }).catch(() => 'late' as const);
  const ending = await Promise.race([service.ended, late]);
  patience.abort();
  if (ending !== 'late') return ending;
  service.signal('SIGKILL');
  throw new Error(`${service.name} did not end ${endMsMax} ms after SIGTERM:\n${service.log()}`);
};

export const startFleet = ({ environment, replicas, services = serviceNames, own = {} }: FleetOptions): Fleet => {
  const casualties: string[] = [];
  let stopping = false;

  const start = (name: ServiceProcess['name'], slot: number): ServiceProcess => {
    const service = startService(name, { ...environment, ...own[name] });
    const restart = async (): Promise<void> => {
      const { code, signal } = await service.ended;
      if (!stopping && signal !== 'SIGKILL') casualties.push(`${name} ended with ${signal ?? `code ${String(code)}`}:\n${service.log()}`);
      if (!stopping) slots[slot] = start(name, slot);
    };
    void restart();
    return service;
  };
  const slots: ServiceProcess[] = [];
  for (const name of services) for (let replica = 0; replica < replicas; replica += 1) slots.push(start(name, slots.length));

  return {
    async chaos({ seed, blows, pauseMsMax, freezeMsMax }) {
      const random = seededRandom(seed);
      const thaws: Promise<void>[] = [];
      let [kills, freezes] = [0, 0];
      for (let blow = 0; blow < blows; blow += 1) {
        await delay(random() * pauseMsMax);
        const victim = slots[Math.floor(random() * slots.length)];
        if (victim === undefined) continue;
        if (random() < 0.6) {
          victim.signal('SIGKILL');
          await victim.ended;
          kills += 1;
        } else {
          victim.signal('SIGSTOP');
          thaws.push(thaw(victim, random() * freezeMsMax));
          freezes += 1;
        }
      }
      await Promise.all(thaws);
      return { kills, freezes };
    },
    signal: (name, signal) => {
      for (const service of slots) if (service.name === name) service.signal(signal);
    },
    casualties: () => casualties,
    async stop() {
      stopping = true;
      for (const service of slots) service.signal('SIGTERM');
      // Also one that is frozen still.
      for (const service of slots) service.signal('SIGCONT');
      return Promise.all(slots.map(endingOf));
    },
    logs: () => slots.map((service) => `--- ${service.name}\n${service.log()}`).join('\n'),
  };
};
