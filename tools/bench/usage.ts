/** What a process uses between its first and its last piece of work. */
import { readFileSync } from 'node:fs';
import type { Usage } from './task.ts';

export interface UsageMeter {
  /** The work begins; only the first call counts. */
  begin(): void;
  /** A piece of work has ended. */
  mark(): void;
  read(): Usage;
}

/** Largest resident memory of this program, MB. `maxRSS` would be at least what the parent had when it forked: 300 MB and more, with the stream in it. */
const peakMb = (): number => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? Number.NaN) / 1024;

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
    read: () => ({ startedAt: began?.at ?? last.at, endedAt: last.at, cpuMs: last.cpuMs, peakMb: peakMb() }),
  };
};
