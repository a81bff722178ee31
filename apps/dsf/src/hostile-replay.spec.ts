import { unflatten } from '@dsf/phase-flatten';
import type { QueryCell } from '@dsf/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './hostile/command.ts';
import { utf8 } from './hostile/inputs.ts';
import { readOutcomes, type Outcome } from './hostile/outcomes.ts';
import { startPipeline, type Pipeline } from './hostile/pipeline.ts';
import { newestByKey, readAll } from './hostile/published.ts';

const partitions = 2;

/** @param healed - what the operator changes so that more is taken */
const definitions = (healed: boolean): unknown => ({
  sources: [{ name: 'hostile', partitions, tombstones: healed ? 'filter' : 'fail', depth_max: healed ? 200 : 4 }],
  drivers: [
    {
      name: 'good',
      inputs: [{ source: 'hostile', ...(healed ? { filter: 'kind != "text"' } : {}) }],
      key: { customer: 'customer' },
      measures: { orders: 'count', total: 'sum(amount)', notes: 'list(note, 5)' },
    },
    {
      name: 'lines',
      inputs: [{ source: 'hostile', table: 'items' }],
      key: { customer: 'customer' },
      measures: { lines: 'count', qty: 'sum(items.qty)' },
    },
  ],
  publications: ['good', 'lines'].map((name) => ({ name, driver: name })),
});

const deep = (id: number): string => `{"id":${id},"customer":"c${id % 3}","amount":1.5,"deep":${'['.repeat(30)}${id}${']'.repeat(30)}}`;
const kinds: readonly ((id: number) => Uint8Array | null)[] = [
  (id) => utf8(`{"id":${id},"customer":"c${id % 3}","amount":${id}.25,"note":"n${id}","items":[{"qty":1},{"qty":${id}}]}`),
  () => null,
  (id) => utf8(deep(id)),
  (id) => utf8(`{"id":${id},"broken`),
  () => Uint8Array.of(0xff),
  (id) => utf8(`{"id":${id},"customer":"c${id % 3}","kind":"text","amount":"not a number","items":[{"qty":7}]}`),
];
const records = Array.from({ length: 10 * kinds.length }, (_, id) => kinds[id % kinds.length]?.(id) ?? null);

/** Everything that people and consumers see, but for times and revisions. */
interface Seen {
  readonly outcomes: readonly (readonly Outcome[])[];
  readonly summaries: readonly (readonly (readonly QueryCell[])[])[];
  readonly documents: readonly ReadonlyMap<string, string>[];
  readonly counters: readonly unknown[];
}

const look = async ({ installation, settle }: Pipeline): Promise<Seen> => {
  const status = await settle();
  const rows = async (sql: string) => (await installation.warehouse.inspect.query(sql, 1000)).rows;
  return {
    outcomes: await Promise.all(
      Array.from({ length: partitions }, (_, partition) => readOutcomes(installation, unflatten, { source: 'hostile', partition })),
    ),
    summaries: [
      await rows('select customer, orders, total, notes from good order by customer'),
      await rows('select customer, lines, qty from lines order by customer'),
    ],
    documents: [newestByKey(await readAll(installation, 'good')), newestByKey(await readAll(installation, 'lines'))],
    counters: (status.sources[0]?.phases ?? [])
      .slice(0, 2)
      .map(({ phase, received, written, failed, filtered }) => ({ phase, received, written, failed, filtered })),
  };
};

const start = async (healed: boolean): Promise<Pipeline> => {
  const pipeline = await startPipeline(definitions(healed));
  await pipeline.installation.local.ensureTopic('hostile', partitions);
  await pipeline.send(
    'hostile',
    records.map((body, id) => ({ partition: id % partitions, key: null, headers: [], body })),
  );
  await pipeline.settle();
  return pipeline;
};

let pipeline: Pipeline;
let undisturbed: Pipeline;

beforeAll(async () => {
  pipeline = await start(false);
  undisturbed = await start(true);
}, 60_000);
afterAll(async () => {
  await pipeline.stop();
  await undisturbed.stop();
});

const dsf = async (...args: readonly string[]) => {
  const ran = await runCommand(pipeline.home, args);
  expect(ran).toMatchObject({ code: 0 });
  return ran;
};
interface Listed {
  readonly id: number;
  readonly code: string;
  readonly attempts: number;
}
const list = async (...options: readonly string[]): Promise<readonly Listed[]> => {
  const { stdout } = await dsf('failures', 'list', '--json', '--max', '1000', ...options);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Listed);
};
const countByCode = (failures: readonly Listed[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { code } of failures) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
};

describe('failures of hostile messages', () => {
  it('are listed with their codes, and none is missing', async () => {
    expect(countByCode(await list())).toEqual({
      'flatten.tombstone': 10,
      'flatten.too-deep': 10,
      'flatten.not-json': 10,
      'flatten.not-utf8': 10,
      'summarise.not-a-number': 10,
    });
  });

  it('are shown with the message, and nothing in it reaches the terminal as a command', async () => {
    for (const { id, code } of await list()) {
      const { stdout } = await dsf('failures', 'show', String(id));
      expect(stdout).toContain(code);
      expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    }
  });

  it('change nothing when they are replayed under the same definitions, once and twice', async () => {
    const before = await look(pipeline);
    const failures = await list();
    for (const round of [1, 2]) {
      await dsf('failures', 'replay', '--all');
      expect(await look(pipeline)).toEqual(before);
      const after = await list();
      expect(after.map(({ id, code }) => [id, code])).toEqual(failures.map(({ id, code }) => [id, code]));
      for (const [index, { attempts, code }] of after.entries()) {
        // A refused point is tried again with each of its group's recomputes, so more than once.
        const tried = attempts - (failures[index]?.attempts ?? 0);
        if (code.startsWith('flatten.')) expect(tried).toBe(round);
        else expect(tried).toBeGreaterThanOrEqual(round);
      }
    }
  });

  it('are resolved by definitions that take the messages, and all is as if it had been so from the beginning', async () => {
    await pipeline.activate(definitions(true));
    await pipeline.settle();
    await dsf('failures', 'replay', '--all');
    const healed = await look(pipeline);
    expect(healed).toEqual(await look(undisturbed));
    expect(countByCode(await list())).toEqual({ 'flatten.not-json': 10, 'flatten.not-utf8': 10 });
    expect(countByCode(await list('--status', 'resolved'))).toEqual({
      'flatten.tombstone': 10,
      'flatten.too-deep': 10,
      'summarise.not-a-number': 10,
    });
    await dsf('failures', 'replay', '--all');
    expect(await look(pipeline)).toEqual(healed);
  }, 60_000);
});
