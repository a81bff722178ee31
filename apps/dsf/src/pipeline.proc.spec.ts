import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonLines, openWorkplace, repository, type Workplace } from './specs/dsf-process.ts';

/*
 * One installation, used as a person would: define, produce, run, look, mend.
 */

const shop = join(repository, 'examples/shop');
const orders = readFileSync(join(shop, 'orders.jsonl'));
const notJson = 'not json at all';
const notUtf8 = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]);
const spaced = '  {"id": "o-2000",  "total": 1.50, "customer": {"id":"ada","country":"GB"}, "items": [] }\r';

let place: Workplace;
const query = async (sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  jsonLines(await place.must(['query', sql, '--json']));

beforeAll(async () => {
  place = openWorkplace();
  await place.must(['apply', shop]);
  await place.must(['produce', 'shop.orders', join(shop, 'orders.jsonl'), '--key', 'id']);
});
afterAll(() => place.clear());

describe('produce', () => {
  it('says that there is no such source, and which was meant', async () => {
    const { code, stderr } = await place.dsf(['produce', 'shop.order'], '{}\n');
    expect(code).toBe(1);
    expect(stderr).toContain('there is no source, publication or topic called "shop.order"');
    expect(stderr).toContain('did you mean `shop.orders`?');
  });

  it('says that there is no such file', async () => {
    const { code, stderr } = await place.dsf(['produce', 'shop.orders', 'nowhere.jsonl']);
    expect(code).toBe(1);
    expect(stderr).toContain('nowhere.jsonl cannot be read: there is no such file');
  });

  it('sends every line byte by byte, whatever it is, with headers and without a key where there is none', async () => {
    const { code, stderr } = await place.dsf(
      ['produce', 'shop.orders', '--key', 'id', '--header', 'a=1=2', '--header', 'b='],
      Buffer.concat([Buffer.from(`${notJson}\n${spaced}\n`), notUtf8]),
    );
    expect(code).toBe(0);
    expect(stderr).toContain('3 messages sent to shop.orders');
    expect(stderr).toContain('2 messages had no single value at id');
    const messages = jsonLines(await place.must(['consume', 'shop.orders', '--from-beginning', '--until-end', '--json'])).filter(
      ({ headers }) => (headers as readonly unknown[]).length > 0,
    );
    expect(messages).toHaveLength(3);
    expect(messages.map(({ key, body }) => ({ key, body }))).toEqual(
      expect.arrayContaining([
        { key: null, body: notJson },
        { key: null, body: { base64: notUtf8.toString('base64') } },
        { key: 'o-2000', body: JSON.parse(spaced) },
      ]),
    );
    expect(messages[0]?.['headers']).toEqual([
      ['a', '1=2'],
      ['b', ''],
    ]);
  });
});

describe('run', () => {
  it('brings everything through and ends, with an account on standard error alone', async () => {
    const { code, stdout, stderr } = await place.dsf(['run', '--until-idle']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('this run    ingested 63, flattened 58');
    expect(stderr).toContain('2 open failures, stored and replayable');
    // Lanes race for the lower number.
    for (const code of ['not-json', 'not-utf8']) expect(stderr).toMatch(new RegExp(`\\n +1 {2}flatten flatten\\.${code}\\n`));
  });

  it('has stored what was received, to the last byte', async () => {
    const rows = await query('SELECT hex(payload) AS payload FROM dsf_raw WHERE _dsf_src = 1');
    const sent = [...orders.toString('latin1').trimEnd().split('\n'), notJson, spaced, notUtf8.toString('latin1')];
    expect(rows.map(({ payload }) => Buffer.from(String(payload), 'hex').toString('latin1')).toSorted()).toEqual(sent.toSorted());
  });

  it('has made the numbers that the messages say', async () => {
    const messages = [...orders.toString().trimEnd().split('\n'), spaced].map(
      (line) => JSON.parse(line) as { readonly test?: boolean; readonly total: number; readonly customer: { readonly country: string } },
    );
    const kept = messages.filter(({ test }) => test !== true);
    const cents = Map.groupBy(kept, ({ customer }) => customer.country);
    const rows = await query(
      'SELECT country, orders, CAST(round(revenue * 100) AS INTEGER) AS cents FROM revenue_by_country ORDER BY country',
    );
    expect(rows).toEqual(
      [...cents]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([country, group]) => ({
          country,
          orders: group.length,
          cents: group.reduce((sum, { total }) => sum + Math.round(total * 100), 0),
        })),
    );
  });

  it('does nothing twice when it runs again', async () => {
    const { stderr } = await place.dsf(['run', '--until-idle']);
    expect(stderr).toContain('this run    ingested 0, flattened 0, summarised 0, published 0');
  });

  it('serves health and metrics while it runs, drains on SIGTERM and ends with 0', async () => {
    const running = place.start('run', '--http-port', '0');
    let said = '';
    running.child.stderr.on('data', (text: string) => (said += text));
    await running.saying('ingest 0 records');
    const [, url = ''] = /\/metrics at (\S+)/.exec(said) ?? [];
    // The first line comes half a second after the start, whether or not the phases have their lanes by then.
    await expect.poll(async () => (await fetch(`${url}/ready`)).json(), { timeout: 60_000 }).toEqual({ ok: true, why: [] });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('dsf_');
    running.child.kill('SIGTERM');
    const { code, signal, stderr } = await running.ended;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(stderr).toContain('this run    ingested 0');
  });
});

describe('query', () => {
  it('refuses to write', async () => {
    for (const sql of ['DELETE FROM shop_orders', 'UPDATE dsf_lane SET seq = 0', "ATTACH 'x.db' AS x", 'SELECT 1; SELECT 2']) {
      const { code, stdout, stderr } = await place.dsf(['query', sql]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('query.refused');
    }
    expect(await query('SELECT count(*) AS n FROM shop_orders')).toEqual([{ n: 58 }]);
  });

  it('says what the database says about a wrong statement', async () => {
    const { code, stderr } = await place.dsf(['query', 'SELECT a FROM nowhere']);
    expect(code).toBe(1);
    expect(stderr).toContain('no such table: nowhere');
  });

  it('keeps every digit, tells NULL from text, and loses no column of a name that repeats', async () => {
    const sql = `SELECT 9007199254740993 AS big, 'a,"b"' AS t, NULL AS t, '' AS e, x'ff00' AS b`;
    expect(await place.must(['query', sql, '--json'])).toBe(
      '{"big":9007199254740993,"t":"a,\\"b\\"","t_2":null,"e":"","b":{"base64":"/wA="}}\n',
    );
    expect(await place.must(['query', sql, '--csv'])).toBe('big,t,t,e,b\n9007199254740993,"a,""b""",,"",/wA=\n');
    expect(await place.must(['query', sql])).toContain('9007199254740993  a,"b"  NULL');
  });

  it('shows control characters instead of sending them to the terminal', async () => {
    expect(await place.must(['query', "SELECT char(27) || '[2J' AS evil"])).toContain(String.raw`\x1b[2J`);
  });

  it('says when there is more than it shows', async () => {
    const { stdout, stderr } = await place.dsf(['query', 'SELECT id FROM shop_orders', '--max', '5', '--json']);
    expect(jsonLines(stdout)).toHaveLength(5);
    expect(stderr).toContain('only the first 5 rows');
  });
});

it('lists tables and how far everything is', async () => {
  expect(jsonLines(await place.must(['tables', '--json']))).toEqual(
    expect.arrayContaining([{ name: 'shop_orders', kind: 'root', rows: 58 }]),
  );
  expect(await place.must(['tables'])).toContain('shop_orders__items');
  const [status] = jsonLines(await place.must(['status', '--json']));
  expect(status).toMatchObject({ version: 1, idle: true, openFailures: 2 });
  expect(await place.must(['status'])).toMatch(/shop\.orders +ingest +63/);
});

describe('consume', () => {
  it('prints documents with revision, reason, key and body', async () => {
    const documents = jsonLines(await place.must(['consume', 'shop.customers', '--from-beginning', '--until-end']));
    expect(documents.length).toBeGreaterThanOrEqual(6);
    const last = new Map(documents.map((document) => [JSON.stringify(document['key']), document]));
    expect(last.get('["ada"]')).toMatchObject({
      reason: 'update',
      revision: expect.any(Number),
      body: { id: 'ada', name: 'Ada Lovelace', regular: true },
    });
  });

  it('prints whole envelopes with --json', async () => {
    const [first] = jsonLines(await place.must(['consume', 'shop.revenue', '--from-beginning', '--until-end', '--json']));
    expect(first).toMatchObject({ partition: expect.any(Number), offset: 0, headers: expect.arrayContaining([['ce_specversion', '1.0']]) });
  });

  it('waits for what comes, and ends with 0 on Ctrl-C', async () => {
    const running = place.start('consume', 'shop.returns');
    let seen = '';
    running.child.stdout.on('data', (text: string) => (seen += text));
    const sent = async (): Promise<void> => {
      while (!seen.includes('r-99')) {
        await place.must(['produce', 'shop.returns'], '{"id":"r-99","sku":"x","qty":1}\n');
      }
    };
    await sent();
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
    expect(jsonLines(seen)[0]).toMatchObject({ partition: expect.any(Number), offset: expect.any(Number), body: { id: 'r-99' } });
  });

  it('says that there is no such topic', async () => {
    const { code, stderr } = await place.dsf(['consume', 'shop.customer', '--until-end']);
    expect(code).toBe(1);
    expect(stderr).toContain('did you mean `shop.customers`?');
  });
});

describe('failures', () => {
  it('are listed with their reasons and shown with the message', async () => {
    const list = jsonLines(await place.must(['failures', 'list', '--json']));
    expect(list).toHaveLength(2);
    const bad = list.find(({ code }) => code === 'flatten.not-json');
    const shown = await place.must(['failures', 'show', String(bad?.['id'])]);
    expect(shown).toContain('because     flatten.not-json');
    expect(shown).toContain(`payload     ${notJson}`);
    expect(shown).toContain('header      a = 1=2');
  });

  it('that do not exist are an error', async () => {
    expect((await place.dsf(['failures', 'show', '999'])).stderr).toContain('there is no failure 999');
    expect((await place.dsf(['failures', 'replay', '1', '999'])).stderr).toContain('there is no failure 999');
    expect((await place.dsf(['failures', 'replay'])).code).toBe(2);
  });

  it('are replayed under the definitions in force, and replaying again changes nothing', async () => {
    // What was refused because of the definitions passes once these are mended.
    const strict = readFileSync(join(shop, 'shop.yaml'), 'utf8').replaceAll('sample: ', `sample: ${shop}/`);
    writeFileSync(join(place.folder, 'strict.yaml'), strict.replace('partitions: 4', 'depth_max: 1\n    partitions: 4'));
    await place.must(['apply', 'strict.yaml']);
    await place.must(
      ['produce', 'shop.orders', '--key', 'id'],
      '{"id":"o-3000","total":7.25,"customer":{"id":"grace","country":"US"},"items":[{"sku":"card-100","qty":2,"price":1}]}\n',
    );
    await place.must(['run', '--until-idle']);
    const [deep] = jsonLines(await place.must(['failures', 'list', '--code', 'flatten.too-deep', '--json']));
    expect(deep).toBeDefined();
    const before = await query("SELECT orders FROM revenue_by_country WHERE country = 'US'");

    await place.must(['apply', shop]);
    for (let turn = 0; turn < 2; turn += 1) {
      await place.must(['failures', 'replay', String(deep?.['id'])]);
      await place.must(['run', '--until-idle']);
      expect(await query("SELECT orders FROM revenue_by_country WHERE country = 'US'")).toEqual([
        { orders: Number(before[0]?.['orders']) + 1 },
      ]);
    }
    expect(jsonLines(await place.must(['failures', 'list', '--code', 'flatten.too-deep', '--json']))).toEqual([]);
    const { stderr } = await place.dsf(['failures', 'replay', String(deep?.['id'])]);
    expect(stderr).toContain('there is nothing to replay');
  });
});

it('rebuilds a driver without changing its numbers', async () => {
  const before = await query('SELECT sku, sold, returned FROM stock_moved ORDER BY sku');
  expect((await place.dsf(['rebuild', 'stock_move'])).stderr).toContain('did you mean `stock_moved`?');
  await place.must(['rebuild', 'stock_moved']);
  await place.must(['run', '--until-idle']);
  expect(await query('SELECT sku, sold, returned FROM stock_moved ORDER BY sku')).toEqual(before);
  const [status] = jsonLines(await place.must(['status', '--json']));
  expect(status).toMatchObject({ openRequests: 0, idle: true });
});

it('purges old messages and rows, keeps the numbers that were made of them, and goes on counting', async () => {
  const numbers = 'SELECT country, orders, revenue FROM revenue_by_country ORDER BY country';
  const before = await query(numbers);
  const rows = async (): Promise<readonly number[]> =>
    (await query('SELECT (SELECT count(*) FROM dsf_raw WHERE _dsf_src = 1) AS raw, (SELECT count(*) FROM shop_orders) AS flat')).flatMap(
      ({ raw, flat }) => [Number(raw), Number(flat)],
    );
  const [raw, flat] = await rows();
  expect((await place.dsf(['purge', 'shop.order', '--before', '1d', '--rows', 'both'])).stderr).toContain('did you mean `shop.orders`?');
  expect((await place.dsf(['purge', 'shop.orders', '--before', 'soon', '--rows', 'both'])).code).toBe(2);
  await place.must(['purge', 'shop.orders', '--before', '1d', '--rows', 'both']);
  await place.must(['run', '--until-idle']);
  expect(await rows()).toEqual([raw, flat]);

  await place.must(['purge', 'shop.orders', '--before', '2999-01-01', '--rows', 'both']);
  await place.must(['run', '--until-idle']);
  const [rawLeft = 0, flatLeft = 0] = await rows();
  expect(rawLeft).toBeLessThan(raw ?? 0);
  expect(flatLeft).toBeLessThan(flat ?? 0);
  await place.must(['rebuild', 'revenue_by_country']);
  await place.must(['run', '--until-idle']);
  expect(await query(numbers)).toEqual(before);

  await place.must(
    ['produce', 'shop.orders', '--key', 'id'],
    '{"id":"o-4000","total":1.5,"customer":{"id":"ada","country":"US"},"items":[]}\n',
  );
  await place.must(['run', '--until-idle']);
  const after = await query(numbers);
  const us = (some: readonly Record<string, unknown>[]) => Number(some.find(({ country }) => country === 'US')?.['orders']);
  expect(us(after)).toBe(us(before) + 1);
});

it('refuses another number of lanes in a plan as in apply, and says which command changes it', async () => {
  const changed = readFileSync(join(shop, 'shop.yaml'), 'utf8').replaceAll('sample: ', `sample: ${shop}/`);
  writeFileSync(join(place.folder, 'lanes.yaml'), `settings: { lanes: 9 }\n${changed.replace(/^settings:.*\n( {2}.*\n)*/m, '')}`);
  for (const command of ['plan', 'apply']) {
    const { code, stderr } = await place.dsf([command, 'lanes.yaml']);
    expect({ command, code }).toEqual({ command, code: 3 });
    expect(stderr).toContain('dsf topics resize --lanes 9');
  }
});
