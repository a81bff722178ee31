import type { Clock } from '@dsf/ports';
import type { Dice } from './dice.ts';
import type { Story } from './story.ts';

/** Somebody who does things: a service process, the broker, the database, an operator. */
export interface Actor {
  readonly name: string;
  isAlive: boolean;
  /** Frozen actors keep their memory and do nothing until they are thawed. */
  isFrozen: boolean;
  /** Error of its clock, ms. */
  skewMs: number;
}

interface Pending {
  readonly actor: Actor;
  readonly what: string;
  readonly go: () => void;
}

interface Sleeper extends Pending {
  readonly at: number;
  readonly order: number;
}

/**
 * Decides who goes on next. Everything asynchronous waits in `step` until it is picked; time stands still while anybody can go on. So a run
 * follows from its seed alone, though the code under test is the real one.
 */
export interface Scheduler {
  /** True time, ms since the start. */
  now(): number;
  actor(name: string): Actor;
  /** Resolves when the actor's turn has come; never when it has died by then. */
  step(actor: Actor, what: string): Promise<void>;
  /** Does something in a while, if the actor is alive then. */
  later(actor: Actor, ms: number, task: { readonly what: string; readonly work: () => void }): void;
  clock(actor: Actor): Clock;
  /** The actor's pending steps are gone for ever. */
  kill(actor: Actor): void;
  /** Goes on until `isDone`, or until so many steps were made. @returns false when the steps ran out */
  run(isDone: () => boolean, stepsMax: number): Promise<boolean>;
  /** Lets go of everything that still waits. */
  close(): void;
  steps(): number;
  /** From now on no step takes its time. */
  hurry(): void;
}

/** Lets everything that has been released run until it waits again. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** UTC ms at which every run begins. */
export const startOfTime = Date.UTC(2026, 0, 1);

export interface Tempo {
  /** Chance of a step to take its time, and how long at most, ms. */
  readonly slow: number;
  readonly slowMsMax: number;
  /** Chance that the actor that went last goes on. */
  readonly burst: number;
}

export const createScheduler = (dice: Dice, story: Story, tempo: Tempo): Scheduler => {
  let pending: Pending[] = [];
  let sleepers: Sleeper[] = [];
  let [now, order, steps] = [0, 0, 0];
  let last: Actor | null = null;
  /** Undoes what sleepers listen to: a combined signal that somebody listens to is kept for ever, and with it all that it can reach. */
  const listening = new Map<Actor, Set<() => void>>();
  let slow = tempo.slow;

  const sleepUntil = (sleeper: Omit<Sleeper, 'order'>): Sleeper => {
    const placed = { ...sleeper, order: (order += 1) };
    sleepers.push(placed);
    return placed;
  };

  const step = (actor: Actor, what: string): Promise<void> =>
    new Promise((resolve) => {
      if (!actor.isAlive) return;
      const waiting = { actor, what, go: resolve };
      if (dice.chance(slow)) sleepUntil({ ...waiting, at: now + dice.between(1, tempo.slowMsMax) });
      else pending.push(waiting);
    });

  const sleep = (actor: Actor, ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const waking = new AbortController();
      const sleeper = sleepUntil({ actor, what: '', at: now + Math.max(0, ms), go: () => waking.abort() });
      const end = (): void => {
        sleepers = sleepers.filter((other) => other !== sleeper);
        pending = pending.filter(({ go }) => go !== sleeper.go);
        deafen();
        resolve();
      };
      const deafen = (): void => {
        signal.removeEventListener('abort', end);
        mine.delete(deafen);
      };
      const mine = listening.get(actor) ?? new Set();
      listening.set(actor, mine.add(deafen));
      waking.signal.addEventListener('abort', end, { once: true });
      signal.addEventListener('abort', end, { once: true });
    });

  const deafen = (actor: Actor): void => {
    for (const stop of listening.get(actor) ?? []) stop();
    listening.delete(actor);
  };

  /** Moves time on to the next sleeper; everyone whose time has come can be picked. */
  const wakeNext = (): boolean => {
    const next = sleepers.reduce<Sleeper | null>(
      (first, sleeper) =>
        first === null || sleeper.at < first.at || (sleeper.at === first.at && sleeper.order < first.order) ? sleeper : first,
      null,
    );
    if (next === null) return false;
    now = Math.max(now, next.at);
    const due = sleepers.filter(({ at }) => at <= now).sort((a, b) => a.order - b.order);
    sleepers = sleepers.filter(({ at }) => at > now);
    pending.push(...due);
    return true;
  };

  const pick = (): Pending | null => {
    for (;;) {
      const ready = pending.filter(({ actor }) => !actor.isFrozen);
      if (ready.length > 0) {
        const mine = last !== null && dice.chance(tempo.burst) ? ready.filter(({ actor }) => actor === last) : [];
        return dice.pick(mine.length > 0 ? mine : ready);
      }
      if (!wakeNext()) return null;
    }
  };

  return {
    now: () => now,
    steps: () => steps,
    hurry: () => {
      slow = 0;
    },
    actor: (name) => ({ name, isAlive: true, isFrozen: false, skewMs: 0 }),
    step,
    later(actor, ms, { what, work }) {
      sleepUntil({ actor, what, at: now + ms, go: work });
    },
    clock: (actor) => ({
      now: () => startOfTime + now + actor.skewMs,
      sleep: (ms, signal) => sleep(actor, ms, signal),
    }),
    kill(actor) {
      actor.isAlive = false;
      pending = pending.filter((one) => one.actor !== actor);
      sleepers = sleepers.filter((one) => one.actor !== actor);
      deafen(actor);
    },
    close() {
      for (const actor of [...listening.keys()]) deafen(actor);
    },
    async run(isDone, stepsMax) {
      for (let left = stepsMax; left > 0; left -= 1) {
        await settle();
        if (isDone()) return true;
        const next = pick();
        if (next === null) return isDone();
        pending = pending.filter((one) => one !== next);
        last = next.actor;
        steps += 1;
        if (next.what !== '') story.tell(now, next.actor.name, next.what);
        next.go();
      }
      return false;
    },
  };
};
