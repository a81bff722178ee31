/** What a process uses between its first and its last piece of work. */
import type { Usage } from './task.ts';

export interface UsageMeter {
  /** The work begins; only the first call counts. */
  begin(): void;
  /** A piece of work has ended. */
  mark(): void;
  read(): Usage;
}

export const createUsage = (): UsageMeter => {
  let began: { readonly at: number; readonly cpu: NodeJS.CpuUsage } | null = null;
  let last = { at: 0, cpuMs: 0 };
  return {
    begin: () => {
      began ??= { at: Date.now(), cpu: process.cpuUsage() };
    },
    mark: () => {
      const { user, system } = process.cpuUsage(began?.cpu);
      last = { at: Date.now(), cpuMs: (user + system) / 1000 };
    },
    // maxRSS is in KiB.
    read: () => ({ startedAt: began?.at ?? last.at, endedAt: last.at, cpuMs: last.cpuMs, peakMb: process.resourceUsage().maxRSS / 1024 }),
  };
};
