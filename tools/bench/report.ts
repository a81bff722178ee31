/** Figures as a table for people and as a file for machines, and two files held against each other. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Figure } from './arrangements.ts';
import type { Latency } from './latency.ts';
import type { StreamTotals } from './reference-stream.ts';

/** A figure beside its floor. By wall clock, and by CPU time: the latter says more on a machine that others use too. */
export interface Row {
  readonly name: string;
  readonly recordsPerSecond: number;
  readonly rowsPerSecond: number;
  readonly cpuMicrosPerRecord: number;
  readonly peakMb: number;
  readonly ratio: number | null;
  readonly cpuRatio: number | null;
  /** What the phases counted in the last round. */
  readonly counts: Figure['counts'];
}

export interface Result {
  readonly format: 1;
  readonly at: string;
  readonly node: string;
  readonly machine: string;
  readonly records: number;
  readonly bytesPerRecord: number;
  readonly rows: readonly Row[];
  readonly latencies: readonly Latency[];
}

const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};

/** Medians of a floor, per record. */
const floorOf = (figures: readonly Figure[]): readonly { readonly wallMs: number; readonly cpuMs: number }[] =>
  figures.length === 0
    ? []
    : [
        {
          wallMs: median(figures.map(({ wallMs, records }) => wallMs / records)),
          cpuMs: median(figures.map(({ cpuMs, records }) => cpuMs / records)),
        },
      ];

/** Each arrangement's median over the rounds; ratios are of medians, to the slower of its floors. */
const rowOf = (name: string, figures: readonly Figure[], all: readonly Figure[]): Row => {
  const wallMs = median(figures.map((figure) => figure.wallMs));
  const cpuMs = median(figures.map((figure) => figure.cpuMs));
  const [first] = figures;
  const records = first?.records ?? 0;
  const floors = (first?.floors ?? []).flatMap((floor) => floorOf(all.filter((figure) => figure.name === floor)));
  const floor = floors.toSorted((a, b) => b.wallMs - a.wallMs)[0];
  return {
    name,
    recordsPerSecond: (records / wallMs) * 1000,
    rowsPerSecond: (median(figures.map((figure) => figure.rows)) / wallMs) * 1000,
    cpuMicrosPerRecord: (cpuMs / records) * 1000,
    peakMb: Math.max(...figures.map(({ peakMb }) => peakMb)),
    ratio: floor === undefined ? null : (floor.wallMs * records) / wallMs,
    cpuRatio: floor === undefined ? null : (floor.cpuMs * records) / cpuMs,
    counts: figures.at(-1)?.counts ?? {},
  };
};

/** @param stream - that the figures were measured on, once over */
export const makeResult = (
  figures: readonly Figure[],
  latencies: readonly Latency[],
  { records, bytes }: Pick<StreamTotals, 'records' | 'bytes'>,
): Result => {
  const load = loadavg().map((average) => average.toFixed(1));
  return {
    format: 1,
    at: new Date().toISOString(),
    node: process.version,
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, load ${load.join(' ')}`,
    records,
    bytesPerRecord: Math.round(bytes / Math.max(1, records)),
    rows: [...Map.groupBy(figures, ({ name }) => name)].map(([name, same]) => rowOf(name, same, figures)),
    latencies,
  };
};

const table = (lines: readonly (readonly string[])[]): string => {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
    )
    .join('\n');
};

/** Records (points, changes) that a transaction had on average; refills and retries are 0 in health. */
const batchText = ({ counts }: Row): string =>
  Object.entries(counts)
    .map(([phase, { received, batches, refills, retries }]) => {
      const trouble = refills + retries === 0 ? '' : ` (${refills} refills, ${retries} retries)`;
      return `${phase} ${Math.round(received / Math.max(1, batches))}${trouble}`;
    })
    .join(', ');

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const ratio = (value: number | null): string => (value === null ? '' : value.toFixed(2));

export const toText = ({ machine, node, records, bytesPerRecord, rows, latencies }: Result): string => {
  const figures = rows.map((row) => [
    row.name,
    ...[whole(row.recordsPerSecond), ratio(row.ratio), ratio(row.cpuRatio), whole(row.rowsPerSecond)],
    ...[row.cpuMicrosPerRecord.toFixed(1), whole(row.peakMb), batchText(row)],
  ]);
  const delays = latencies.map(({ name, perSecond, p50Ms, p99Ms, maxMs, cores, peakMb }) => [
    ...[name, whole(perSecond), p50Ms.toFixed(1), p99Ms.toFixed(1), maxMs.toFixed(1), cores.toFixed(2), whole(peakMb)],
  ]);
  const courses = latencies.flatMap(({ name, memory }) =>
    memory.map((course) => [
      `${name}: ${course.name}`,
      ...[whole(course.earlyMb), whole(course.lateMb), ratio(course.lateMb / course.earlyMb)],
    ]),
  );
  return [
    `${whole(records)} orders of ${bytesPerRecord} bytes; Node.js ${node}; ${machine}`,
    '',
    table([['', 'records/s', 'of floor', 'by CPU', 'rows/s', 'CPU µs/record', 'peak MB', 'per batch'], ...figures]),
    ...(delays.length === 0
      ? []
      : ['', table([['source to output, ms', 'records/s', 'p50', 'p99', 'max', 'cores', 'peak MB'], ...delays])]),
    ...(courses.length === 0 ? [] : ['', table([['memory at that rate, MB', '2nd quarter', 'last quarter', 'growth'], ...courses])]),
  ].join('\n');
};

export const writeResult = (file: string, result: Result): void => writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);

/** @throws Error when the file is no result of this benchmark */
const readResult = (file: string): Result => {
  const result = JSON.parse(readFileSync(file, 'utf8')) as Result;
  if (result.format !== 1) throw new Error(`${file} is not a result of this benchmark`);
  return result;
};

/** Ratio of ratios: what has changed in the product, whatever the machine was busy with. Above 1 is better. */
export const compareText = (result: Result, file: string): string => {
  const earlier = readResult(file);
  const lines = result.rows.flatMap(({ name, ratio: now, cpuRatio: nowCpu }) => {
    const before = earlier.rows.find((row) => row.name === name);
    if (now === null || nowCpu === null || before === undefined || before.ratio === null || before.cpuRatio === null) return [];
    return [
      [
        name,
        ratio(before.ratio),
        ratio(now),
        ratio(now / before.ratio),
        ratio(before.cpuRatio),
        ratio(nowCpu),
        ratio(nowCpu / before.cpuRatio),
      ],
    ];
  });
  const head = ['', 'before', 'now', 'change', 'by CPU before', 'now', 'change'];
  return [`against ${file} (${earlier.at}, ${whole(earlier.records)} orders)`, '', table([head, ...lines])].join('\n');
};
