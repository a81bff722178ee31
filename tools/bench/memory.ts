/** Memory of processes while they run, to see whether it grows. */
import { readFileSync } from 'node:fs';
import type { Child } from './child.ts';

/** Resident memory of one process, MB: mean of the second quarter of the time, when all is warm, and of the last. */
export interface MemoryCourse {
  readonly name: string;
  readonly earlyMb: number;
  readonly lateMb: number;
}

const sampleEveryMs = 2000;
const pageBytes = 4096;

/** Linux alone tells it. */
const residentMb = (pid: number): number | null => {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes) / 2 ** 20;
  } catch {
    return null;
  }
};

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / Math.max(1, numbers.length);

/** @returns ends the watch, and says what was seen; nothing where it took less than eight samples */
export const watchMemory = (children: readonly Child[]): (() => readonly MemoryCourse[]) => {
  const courses = children.map(({ name, pid }) => ({ name, pid, samples: [] as number[] }));
  const timer = setInterval(() => {
    for (const { pid, samples } of courses) {
      const mb = residentMb(pid);
      if (mb !== null) samples.push(mb);
    }
  }, sampleEveryMs);
  return () => {
    clearInterval(timer);
    return courses.flatMap(({ name, samples }) => {
      const quarter = Math.floor(samples.length / 4);
      return quarter < 2 ? [] : [{ name, earlyMb: mean(samples.slice(quarter, 2 * quarter)), lateMb: mean(samples.slice(-quarter)) }];
    });
  };
};
