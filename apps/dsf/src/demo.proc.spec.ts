import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { githubDeliveries } from './demo/github-deliveries.ts';
import { jsonLines, openWorkplace, repository, type Workplace } from './specs/dsf-process.ts';

let place: Workplace;
beforeEach(() => {
  place = openWorkplace();
});
afterEach(() => place.clear());

const deliveries = githubDeliveries();
const kinds = new Set(deliveries.map(({ headers }) => Buffer.from(headers[0]?.[1] ?? []).toString()));

const query = async (sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  jsonLines(await place.must(['query', sql, '--json']));

/** Raw rows as the file has them, for a look that takes no time. */
const rawRows = (): number => {
  const file = join(place.folder, '.dsf/dsf.db');
  if (!existsSync(file)) return 0;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS n FROM dsf_raw').get()?.['n']);
  } catch {
    return 0;
  } finally {
    database.close();
  }
};

/** Every delivery once: in the topic, in the raw rows, in the root table, and in the numbers. */
const expectAllOnce = async (): Promise<void> => {
  expect(jsonLines(await place.must(['consume', 'github.events', '--from-beginning', '--until-end']))).toHaveLength(deliveries.length);
  expect(await query('SELECT (SELECT count(*) FROM dsf_raw) AS raw, (SELECT count(*) FROM github_events) AS root')).toEqual([
    { raw: deliveries.length, root: deliveries.length },
  ]);
  expect(await query('SELECT sum(events) AS events, count(DISTINCT event) AS kinds FROM events_per_day')).toEqual([
    { events: deliveries.length, kinds: kinds.size },
  ]);
};

it('replays more than three hundred real webhooks of more than fifty kinds, always the same', () => {
  expect(deliveries.length).toBeGreaterThan(300);
  expect(kinds.size).toBeGreaterThan(50);
  expect(new Set(deliveries.map(({ id }) => id)).size).toBe(deliveries.length);
  expect(githubDeliveries()).toEqual(deliveries);
});

it('brings them all through, ends with 0 and an account, and sends nothing twice when it runs again', async () => {
  const first = await place.dsf(['demo', '--until-idle']);
  expect({ code: first.code, stdout: first.stdout }).toEqual({ code: 0, stdout: '' });
  expect(first.stderr).toContain(`sent ${deliveries.length} webhooks`);
  expect(first.stderr).toContain(`this run    ingested ${deliveries.length}, flattened ${deliveries.length}`);
  expect(first.stderr).toContain('failed      none');
  await expectAllOnce();

  const again = await place.dsf(['demo', '--until-idle']);
  expect(again.code).toBe(0);
  expect(again.stderr).toContain(`sent 0 webhooks to github.events; ${deliveries.length} others had been sent before`);
  expect(again.stderr).toContain('this run    ingested 0, flattened 0, summarised 0, published 0');
  await expectAllOnce();
});

it('makes the numbers that the webhooks themselves say', async () => {
  interface Webhook {
    readonly repository?: { readonly full_name: string };
    readonly pull_request?: { readonly additions?: number; readonly labels?: readonly { readonly name: string }[] };
    readonly issue?: { readonly labels?: readonly { readonly name: string }[] };
  }
  await place.must(['demo', '--until-idle']);
  const webhooks = deliveries.map(({ body }) => JSON.parse(Buffer.from(body).toString()) as Webhook);
  const perRepository = Map.groupBy(
    webhooks.flatMap(({ repository }) => repository ?? []),
    (repository) => repository.full_name,
  );
  expect(await query('SELECT repository, events FROM repository_activity')).toEqual(
    expect.arrayContaining([...perRepository].map(([repository, all]) => ({ repository, events: all.length }))),
  );
  const additions = webhooks.reduce((sum, { pull_request }) => sum + (pull_request?.additions ?? 0), 0);
  const labels = webhooks.reduce(
    (sum, { issue, pull_request }) => sum + (issue?.labels?.length ?? 0) + (pull_request?.labels?.length ?? 0),
    0,
  );
  expect(
    await query('SELECT (SELECT sum(additions) FROM pull_request_size) AS additions, (SELECT sum(uses) FROM label_use) AS labels'),
  ).toEqual([{ additions, labels }]);
});

it('offers commands that work as they stand', async () => {
  const { stderr } = await place.dsf(['demo', '--until-idle']);
  const commands = [...stderr.matchAll(/npx dsf (.+)/g)].map(([, rest = '']) =>
    [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
  );
  expect(commands).toHaveLength(3);
  for (const args of commands) expect(await place.must(args)).not.toBe('');
});

it('sends each webhook once, however often it is killed on the way', async () => {
  for (const events of [1, 40, 120]) {
    const { child, ended } = place.start('demo');
    // Some are there, and not all of them: now it ends as in a power cut.
    await expect.poll(rawRows, { timeout: 60_000, interval: 5 }).toBeGreaterThanOrEqual(events);
    child.kill('SIGKILL');
    await ended;
  }
  const { code } = await place.dsf(['demo', '--until-idle']);
  expect(code).toBe(0);
  await expectAllOnce();
});

it('stays up with its account until Ctrl-C, and lets no second one in meanwhile', async () => {
  const running = place.start('demo');
  await running.saying('still running; Ctrl-C ends it');
  const second = await place.dsf(['demo', '--until-idle']);
  expect(second.code).toBe(4);
  expect(second.stderr).toContain('the demonstration is already running here');
  running.child.kill('SIGINT');
  const { code, signal, stderr } = await running.ended;
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  expect(stderr).toContain('look further');
  await expectAllOnce();
});

it('leaves an installation with other definitions alone', async () => {
  await place.must(['apply', join(repository, 'examples/shop')]);
  const { code, stderr } = await place.dsf(['demo', '--until-idle']);
  expect(code).toBe(1);
  expect(stderr).toContain('has other definitions');
  expect(jsonLines(await place.must(['versions', '--json']))).toHaveLength(1);
});
