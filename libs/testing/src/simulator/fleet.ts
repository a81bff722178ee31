import type { PhaseName } from '@dsf/ports';
import type { Profile } from './profile.ts';
import { killWorker, startWorker, type Watchers, type Worker } from './worker.ts';
import type { World } from './world.ts';

/** The processes of an installation: as many of each kind as the profile says, each started again when it has ended. */
export interface Fleet {
  workers(): readonly Worker[];
  /** Kills all, and starts none until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends everything for good. */
  stop(): void;
}

/** What runs in one process, by how the installation is laid out; `mixed`: beside each other, so that ranges come to a lane by hand and by the topic. */
const layouts: Readonly<Record<Profile['layout'], readonly (readonly PhaseName[])[]>> = {
  apart: [['ingest'], ['flatten'], ['summarise'], ['publish']],
  pairs: [
    ['ingest', 'flatten'],
    ['summarise', 'publish'],
  ],
  whole: [['ingest', 'flatten', 'summarise', 'publish']],
  mixed: [['ingest', 'flatten', 'summarise', 'publish'], ['flatten', 'summarise'], ['ingest'], ['publish']],
};

/** How long a supervisor takes to start a process again, ms. */
const restartMs = [10, 500] as const;

export const startFleet = (world: World, watchers: Watchers): Fleet => {
  const { scheduler, nature, dice, profile } = world;
  const places = layouts[profile.layout].flatMap((phases) =>
    Array.from({ length: profile.workers }, (_, index) => ({ phases, name: `${phases.join('+')}${index}` })),
  );
  const running = new Map<string, Worker>();
  let isStopped = false;
  let isPaused = false;
  let started = 0;

  const start = (place: { readonly phases: readonly PhaseName[]; readonly name: string }): void => {
    if (isStopped) return;
    if (isPaused) return scheduler.later(nature, 10, { what: '', work: () => start(place) });
    started += 1;
    running.set(place.name, startWorker(world, place.phases, `${place.name}.${started}`, watchers));
  };
  const watch = (): void => {
    for (const place of places) {
      const worker = running.get(place.name);
      if (isPaused || worker === undefined || !worker.isOver) continue;
      running.delete(place.name);
      scheduler.later(nature, dice.pick(restartMs), { what: `starts ${place.name} again`, work: () => start(place) });
    }
    if (!isStopped) scheduler.later(nature, 10, { what: '', work: watch });
  };

  for (const place of places) start(place);
  watch();
  return {
    workers: () => [...running.values()],
    pause() {
      isPaused = true;
      for (const worker of running.values()) if (!worker.isOver) killWorker(world, worker);
    },
    resume() {
      isPaused = false;
    },
    stop() {
      isStopped = true;
      for (const { actor } of running.values()) scheduler.kill(actor);
    },
  };
};
