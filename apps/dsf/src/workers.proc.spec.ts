import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Workplace } from './specs/dsf-process.ts';

/*
 * `dsf run` in several threads: the same outcome as in one, and the same ways to end.
 */

const count = 3000;
const messages = Array.from({ length: count }, (_, id) => JSON.stringify({ id, kind: `k${id % 40}`, items: [{ n: id % 7 }, { n: 1 }] }));

let place: Workplace;
beforeEach(() => {
  place = openWorkplace({ DSF_WORKERS: '2' });
  writeFileSync(
    join(place.folder, 'pipeline.yaml'),
    `sources:
  - { name: things, partitions: 4 }
drivers:
  - name: kinds
    inputs: [{ source: things, expressions: { n: null } }, { source: things, table: items, expressions: { things: null } }]
    key: { kind: kind }
    measures: { things: count, n: sum(items.n) }
publications:
  - { name: kinds, driver: kinds }
`,
  );
});
afterEach(() => place.clear());

interface Account {
  readonly ended: string;
  readonly openFailures: number;
  readonly run: Readonly<Record<string, { readonly written: number }>>;
}

describe('several workers', () => {
  it('count every record once between them, and end when everything has come through', async () => {
    await place.must(['apply', 'pipeline.yaml']);
    await place.must(['produce', 'things', '--key', 'id'], messages.join('\n'));
    const account = JSON.parse(await place.must(['run', '--until-idle', '--json'])) as Account;
    expect(account).toMatchObject({ ended: 'idle', openFailures: 0 });
    expect(account.run['ingest']?.written).toBe(count);
    expect(account.run['flatten']?.written).toBe(count);
    const [total] = jsonLines(
      await place.must(['query', 'SELECT count(*) AS kinds, sum(things) AS things, sum(n) AS n FROM kinds', '--json']),
    );
    const n = messages.reduce((sum, _, id) => sum + (id % 7) + 1, 0);
    expect(total).toEqual({ kinds: 40, things: count, n });
    const documents = jsonLines(await place.must(['consume', 'kinds', '--from-beginning', '--until-end', '--json']));
    const last = new Map(
      documents.map(({ body }) => [JSON.stringify((body as { key: unknown }).key), body as { measures: { things: string } }]),
    );
    expect([...last.values()].reduce((sum, { measures }) => sum + Number(measures.things), 0)).toBe(count);
  });

  it('finish what they have begun when they are told to stop, and go on where they stopped', async () => {
    await place.must(['apply', 'pipeline.yaml']);
    await place.must(['produce', 'things', '--key', 'id'], messages.join('\n'));
    const running = place.start('run', '--http-port', '0');
    await running.saying('/metrics at');
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0 });
    await place.must(['run', '--until-idle']);
    const [total] = jsonLines(await place.must(['query', 'SELECT sum(things) AS things FROM kinds', '--json']));
    expect(total).toEqual({ things: count });
  });

  it('all stop, with the reason, when one cannot go on', async () => {
    await place.must(['apply', 'pipeline.yaml']);
    await place.must(['produce', 'things', '--key', 'id'], messages.join('\n'));
    await place.must(['run', '--until-idle']);
    // The broker is made anew under the same positions: offsets mean other records now.
    const elsewhere = openWorkplace({ DSF_WORKERS: '2' });
    try {
      writeFileSync(join(elsewhere.folder, 'pipeline.yaml'), 'sources: [{ name: things, partitions: 4 }]\n');
      await elsewhere.must(['apply', 'pipeline.yaml']);
      await elsewhere.must(['produce', 'things', '--key', 'id'], messages.slice(0, 10).join('\n'));
      for (const name of ['log.db', 'log.db-wal', 'log.db-shm']) {
        const [from, to] = [join(elsewhere.folder, '.dsf', name), join(place.folder, '.dsf', name)];
        rmSync(to, { force: true });
        if (existsSync(from)) cpSync(from, to);
      }
      const { code, stderr } = await place.dsf(['run', '--until-idle']);
      expect(code).not.toBe(0);
      expect(stderr).toContain('ingest.source-changed');
    } finally {
      elsewhere.clear();
    }
  });

  it('are as many as the option says', async () => {
    const { code, stderr } = await place.dsf(['run', '--workers', '65']);
    expect(code).toBe(2);
    expect(stderr).toContain('1 to 64');
  });
});
