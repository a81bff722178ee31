import { openInstallation, readStatus } from '@dsf/wiring';
import { runIngestor } from '@dsf/ingestor';
import { runFlattener } from '@dsf/flattener';
import { runSummariser } from '@dsf/summariser';
import { runPublisher } from '@dsf/publisher';
import { buildCatalog, definitionsSchema } from '@dsf/metadata';
import { defaultSettings } from '@dsf/runtime';

const home = process.argv[2] ?? '/tmp/smoke/home';
const installation = await openInstallation({ home });
const definitions = definitionsSchema.parse({
  sources: [{ name: 'shop.orders', objects: 'columns' }],
  drivers: [
    { name: 'shop.sales', inputs: [{ source: 'shop.orders', table: 'items' }], key: { customer: 'customer.name' }, measures: { lines: 'count', revenue: 'sum(items.qty * items.price)', best: 'max(items.price)', skus: 'list(items.sku, 3)' }, window: { tumbling: '1h' } },
    { name: 'shop.totals', inputs: [{ source: 'shop.orders' }], key: { city: 'customer.address.city' }, measures: { orders: 'count', total: 'sum(total)', avg: 'avg(total)' } },
  ],
  publications: [{ name: 'shop.sales', driver: 'shop.sales' }, { name: 'shop.totals', driver: 'shop.totals', body: { city: 'key.city', n: 'measures.orders', total: 'measures.total' } }],
});
console.log(await installation.metadata.activate({ definitions, comment: 'smoke', now: Date.now(), check: (snapshot, version) => buildCatalog(snapshot, version) }));
const stop = new AbortController();
const telemetry = { emit: (event: { name: string }) => { if (!['batch', 'lane-claimed', 'lane-left'].includes(event.name) || process.env['VERBOSE']) console.error(JSON.stringify(event)); } };
const N = Number(process.argv[3] ?? 1000);
const t = installation.transport('local');
await t.ensureTopic('shop.orders', 4);
const enc = new TextEncoder();
for (let i = 0; i < N; i += 500) {
  await t.send('shop.orders', Array.from({ length: Math.min(500, N - i) }, (_, j) => { const k = i + j; return { partition: k % 4, key: enc.encode(`c${k % 50}`), headers: [], body: enc.encode(JSON.stringify({ id: k, total: (k % 100) + 0.25, placed: '2026-01-01T00:00:00Z', customer: { name: `c${k % 50}`, address: { city: `city${k % 7}` } }, items: [{ sku: 'a', qty: 1 + (k % 3), price: 9.99 }, { sku: 'b', qty: 2, price: 0.1, tags: ['x', 'y'] }] })) }; }));
}
const t0 = Date.now();
const all = [runIngestor, runFlattener, runSummariser, runPublisher].map((run) => run(installation, defaultSettings, telemetry, stop.signal).catch((e: unknown) => { console.error('FATAL', e); stop.abort(); }));
for (;;) {
  await new Promise((r) => setTimeout(r, 100));
  if (stop.signal.aborted) break;
  const s = await readStatus(installation);
  if (process.env['VERBOSE']) console.error(JSON.stringify(s.idleThrough), s.sources.map((x) => x.phases.map((p) => `${p.phase}:${p.received}/${p.lag}`).join(' ')).join(' '));
  if (s.idle) break;
  if (Date.now() - t0 > 60000) { console.error('TIMEOUT', JSON.stringify(s, null, 1)); break; }
}
console.log('ms', Date.now() - t0);
stop.abort();
await Promise.all(all);
const s = await readStatus(installation);
console.log(JSON.stringify(s.sources.map((x) => x.phases)), JSON.stringify(s.publications.map((x) => x.phases)));
console.log(await installation.warehouse.inspect.tables());
for (const q of ['select * from shop_orders limit 2', 'select * from shop_orders__items limit 2', 'select * from shop_totals order by 1', 'select count(*), sum(lines) from shop_sales']) { try { console.log(JSON.stringify(await installation.warehouse.inspect.query(q, 10), (_k, v) => typeof v === 'bigint' ? String(v) : v)); } catch (e) { console.log(q, e); } }
console.log(await installation.warehouse.inspect.failures({ max: 5 }));
await installation.close();
