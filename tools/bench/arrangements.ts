/** Runs of the product, from a filled source topic until everything has come through. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { phaseNames, type PhaseName } from '@dsf/ports';
import { readStatus } from '@dsf/wiring';
import { startChild, type Child } from './child.ts';
import { checkRows, fillHome, withHome, type Environment } from './home.ts';
import { flatRowsOf, pointsOf, type StreamMessage, type StreamTotals } from './reference-stream.ts';
import type { FloorKind, PhaseCount, Traffic, Usage } from './task.ts';

export interface Stream {
  readonly messages: readonly StreamMessage[];
  readonly totals: StreamTotals;
}

/** One measurement. */
export interface Figure {
  readonly name: string;
  /** Names of the floors, the slower of which it is held against; none for a floor. */
  readonly floors: readonly string[];
  readonly records: number;
  /** Rows written: raw rows, flat rows, groups and documents, as far as the arrangement makes them. */
  readonly rows: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Largest of the processes. */
  readonly peakMb: number;
  readonly counts: Partial<Record<PhaseName, PhaseCount>>;
  /** What a database server was asked; nothing, where there is none. */
  readonly traffic?: Traffic;
}

/** A run that takes longer than this hangs. */
const runMsMax = 900_000;
const lookEveryMs = 25;

const floorNames = { whole: 'floor', raw: 'floor of ingest', flat: 'floor of flatten' } as const;

export const profileFolder = (profile: string | null, name: string): string | null => {
  if (profile === null) return null;
  const folder = join(profile, name.replaceAll(/[^a-z0-9]+/gi, '-'));
  mkdirSync(folder, { recursive: true });
  return folder;
};

type Counts = Figure['counts'];

const mergeCounts = (children: readonly Child[]): Counts => Object.assign({}, ...children.map((child) => child.counts())) as Counts;

/** Whether the phases that count records have had them all. */
const hasAll = (counts: Counts, phases: readonly PhaseName[], totals: StreamTotals): boolean => {
  const wanted = { ingest: totals.records, flatten: totals.records, summarise: pointsOf(totals), publish: 0 };
  return phases.every((phase) => (counts[phase]?.received ?? 0) >= wanted[phase]);
};

/** Waits until all has come through; the database is asked only when the counts say that it should have. */
const untilDone = async (
  { home, environment = {} }: Pick<Run, 'home' | 'environment'>,
  children: readonly Child[],
  phases: readonly PhaseName[],
  totals: StreamTotals,
): Promise<void> => {
  const giveUpAt = Date.now() + runMsMax;
  const last = phases.at(-1) ?? 'publish';
  const broken = Promise.race(children.map(({ done }) => done));
  broken.catch(() => undefined);
  await withHome(
    home,
    async (installation) => {
      for (;;) {
        await Promise.race([sleep(lookEveryMs), broken]);
        if (Date.now() > giveUpAt) throw new Error(`not done after ${runMsMax} ms: ${JSON.stringify(mergeCounts(children))}`);
        if (!hasAll(mergeCounts(children), phases, totals)) continue;
        const status = await readStatus(installation).catch(() => null);
        if (status?.idleThrough[last] === true) return;
      }
    },
    environment,
  );
};

const rowsOf = (counts: Counts, phases: readonly PhaseName[], totals: StreamTotals): number => {
  const rows = {
    ingest: totals.records,
    flatten: flatRowsOf(totals),
    summarise: counts.summarise?.sent ?? 0,
    publish: counts.publish?.written ?? 0,
  };
  return phases.reduce((sum, phase) => sum + rows[phase], 0);
};

/** The span from the first process's first work to the last one's last, and what all of them used. */
export const sumUsage = (usages: readonly Usage[]) => ({
  wallMs: Math.max(...usages.map(({ endedAt }) => endedAt)) - Math.min(...usages.map(({ startedAt }) => startedAt)),
  cpuMs: usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
  peakMb: Math.max(...usages.map(({ peakMb }) => peakMb)),
});

const sumTraffic = (reports: readonly { readonly traffic?: Traffic }[]): Traffic => ({
  roundTrips: reports.reduce((sum, { traffic }) => sum + (traffic?.roundTrips ?? 0), 0),
  transactions: reports.reduce((sum, { traffic }) => sum + (traffic?.transactions ?? 0), 0),
});

interface Run {
  readonly name: string;
  readonly floors: readonly string[];
  readonly home: string;
  /** Phases by process. */
  readonly processes: readonly (readonly PhaseName[])[];
  /** Threads of each. */
  readonly workers?: number;
  readonly environment?: Environment;
  /** As the task says. */
  readonly warm?: number;
  readonly profile: string | null;
}

export const runProcesses = async (
  { name, floors, home, processes, workers = 1, environment = {}, warm = 0, profile }: Run,
  totals: StreamTotals,
): Promise<Figure> => {
  const folder = profileFolder(profile, name);
  const children = processes.map((phases) => startChild({ kind: 'phases', phases, home, workers, environment, warm }, folder));
  const phases = processes.flat();
  await Promise.all(children.map(({ ready }) => ready));
  await untilDone({ home, environment }, children, phases, totals);
  for (const child of children) child.stop();
  const reports = await Promise.all(children.map(({ done }) => done));
  const counts = Object.assign({}, ...reports.map((report) => report.counts)) as Counts;
  const usage = sumUsage(reports.map((report) => report.usage));
  const warmed = reports.reduce((sum, report) => sum + (report.warmed ?? 0), 0);
  const timed = (totals.records - warmed) / totals.records;
  const rows = Math.round(rowsOf(counts, phases, totals) * timed);
  return { name, floors, records: totals.records - warmed, rows, ...usage, counts, traffic: sumTraffic(reports) };
};

/** Each phase by itself, one after the other on one home: all that the phase before made is there when it begins. */
export const measurePhases = async (folder: string, { messages, totals }: Stream, profile: string | null): Promise<readonly Figure[]> => {
  const home = join(folder, 'alone');
  await fillHome(home, messages);
  const figures: Figure[] = [];
  const floors = { ingest: [floorNames.raw], flatten: [floorNames.flat], summarise: [], publish: [] } as const;
  for (const phase of phaseNames)
    figures.push(await runProcesses({ name: phase, floors: floors[phase], home, processes: [[phase]], profile }, totals));
  await checkRows(home, totals);
  return figures;
};

/** All four phases at once, in one process, with one worker or two, or in four. */
export const measureWhole = async (
  folder: string,
  { messages, totals }: Stream,
  { processes, workers, profile }: { readonly processes: 1 | 4; readonly workers: 1 | 2; readonly profile: string | null },
): Promise<Figure> => {
  const name = processes === 1 ? (workers === 1 ? 'one process' : 'two workers') : 'four processes';
  const home = join(folder, name);
  await fillHome(home, messages);
  const split = processes === 1 ? [phaseNames] : phaseNames.map((phase) => [phase]);
  const figure = await runProcesses({ name, floors: [floorNames.whole], home, processes: split, workers, profile }, totals);
  await checkRows(home, totals);
  return figure;
};

interface FloorRun {
  readonly floor: FloorKind;
  /** A home whose tables exist. */
  readonly like: string;
  readonly profile: string | null;
  /** How many times the stream comes. Default: once. */
  readonly passes?: number;
  readonly name?: string;
}

export const measureFloor = async (
  folder: string,
  { totals }: Stream,
  { floor, like, profile, passes = 1, name = floorNames[floor] }: FloorRun,
): Promise<Figure> => {
  mkdirSync(folder, { recursive: true });
  const database = join(like, readdirSync(like).find((file) => file === 'dsf.db') ?? '');
  const task = { kind: 'floor', floor, records: totals.records, passes, like: database, folder } as const;
  const { usage } = await startChild(task, profileFolder(profile, name)).done;
  const rows = (floor === 'flat' ? 0 : totals.records) + (floor === 'raw' ? 0 : flatRowsOf(totals));
  return { name, floors: [], records: totals.records * passes, rows: rows * passes, ...sumUsage([usage]), counts: {} };
};

/** A home whose tables the first messages have made. */
export const makeTemplate = async (folder: string, { messages, totals }: Stream): Promise<string> => {
  const home = join(folder, 'template');
  const some = messages.slice(0, 500);
  await fillHome(home, some);
  const few = { ...totals, records: some.length };
  await runProcesses({ name: 'template', floors: [], home, processes: [['ingest', 'flatten']], profile: null }, few);
  return home;
};
