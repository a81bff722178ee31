import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnKafka, openKcat, realClock, startKafka, whyNoKafka, type KafkaBroker } from '@dsf/testing';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Workplace } from './specs/dsf-process.ts';

const reason = await whyNoKafka(process.env);
const { kcat, why } = reason === null ? await openKcat() : { kcat: null, why: reason };

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** A message as `kcat -J` shows it. */
interface Shown {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly ts: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

describeOnKafka(why, 'a client that nobody here wrote, kcat', () => {
  let broker: KafkaBroker;
  let direct: KafkaTransport;
  let place: Workplace;
  let [input, output, counts, plain] = ['', '', '', ''];
  const call = (parameters: readonly string[], text?: string): Promise<string> => {
    if (kcat === null) throw new Error('unreachable: skipped without kcat');
    return kcat.run(['-b', broker.address, ...parameters], text);
  };
  const consumed = async (topic: string): Promise<readonly Shown[]> =>
    (await call(['-C', '-J', '-e', '-q', '-t', topic, '-o', 'beginning']))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Shown);

  /** @param more - of the source */
  const define = async (more: string): Promise<void> => {
    const definitions = [
      'connections:',
      `  - { name: plant, brokers: ["${broker.address}"] }`,
      'sources:',
      `  - { name: shop.orders, transport: kafka, connection: plant, topic: ${input}${more} }`,
      'drivers:',
      '  - { name: shop.revenue, inputs: [{ source: shop.orders }], key: { city: city }, measures: { orders: count, revenue: sum(total) } }',
      '  - { name: shop.count, inputs: [{ source: shop.orders }], key: { city: city }, measures: { orders: count } }',
      'publications:',
      `  - { name: revenue, driver: shop.revenue, transport: kafka, connection: plant, topic: ${output} }`,
      `  - { name: counts, driver: shop.count, transport: kafka, connection: plant, topic: ${counts} }`,
      `  - { name: plain, driver: shop.count, transport: kafka, connection: plant, topic: ${plain}, transactional: false }`,
    ];
    writeFileSync(join(place.folder, 'shop.yaml'), `${definitions.join('\n')}\n`);
    await place.must(['apply', 'shop.yaml']);
  };

  beforeAll(async () => {
    broker = await startKafka(process.env);
  }, 300_000);
  afterAll(() => broker.close());
  beforeEach(async () => {
    [input, output, counts] = [`orders-${randomUUID()}`, `revenue-${randomUUID()}`, `counts-${randomUUID()}`];
    plain = `plain-${counts}`;
    direct = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
    place = openWorkplace();
    await direct.ensureTopic(input, 2);
    await direct.ensureTopic(output, 4);
    for (const topic of [counts, plain]) await direct.ensureTopic(topic, 4);
    await define('');
  });
  afterEach(async () => {
    place.clear();
    await direct.close();
  });

  it('produces with each compression, keys, headers and tombstones, and consumes what DSF published', async () => {
    for (const [turn, codec] of codecs.entries()) {
      const lines = Array.from({ length: 40 }, (_, index) => {
        const id = turn * 100 + index;
        return `k${id}|{"id":${id},"codec":"${codec}","city":"c${id % 3}","total":${id}.25,"text":"${'x'.repeat(index * 10)}"}`;
      });
      const headers = ['-H', `codec=${codec}`, '-H', 'twice=1', '-H', 'twice=2', '-H', 'empty='];
      await call(['-P', '-t', input, '-p', String(turn % 2), '-K', '|', '-z', codec, ...headers], `${lines.join('\n')}\n`);
    }
    // An empty message is a tombstone with -Z.
    await call(['-P', '-Z', '-t', input, '-p', '0', '-K', '|'], 'gone|\n');
    await place.must(['run', '--until-idle']);

    const rows = jsonLines(await place.must(['query', 'SELECT id, codec, total FROM shop_orders ORDER BY id', '--json']));
    const wanted = codecs.flatMap((codec, turn) =>
      Array.from({ length: 40 }, (_, index) => ({ id: turn * 100 + index, codec, total: `${turn * 100 + index}.25` })),
    );
    expect(rows.map(({ id, codec, total }) => ({ id, codec, total: String(total) }))).toEqual(wanted);
    const raw = async (key: string): Promise<Readonly<Record<string, unknown>> | undefined> =>
      jsonLines(await place.must(['query', `SELECT headers, payload FROM dsf_raw WHERE CAST("key" AS TEXT) = '${key}'`, '--json']))[0];
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const headers = [
      ['codec', base64('zstd')],
      ['twice', base64('1')],
      ['twice', base64('2')],
      ['empty', ''],
    ];
    expect(JSON.parse(String((await raw('k401'))?.['headers']))).toEqual(headers);
    expect((await raw('gone'))?.['payload']).toBeNull();

    const newest = new Map<string, Shown>();
    for (const shown of await consumed(output)) newest.set(String(shown.key), shown);
    const sums = [0, 1, 2].map((city) => {
      const ids = wanted.map(({ id }) => id).filter((id) => id % 3 === city);
      return [`c${city}`, { orders: String(ids.length), revenue: ids.reduce((sum, id) => sum + id, 0) + ids.length / 4 }] as const;
    });
    const published = [...newest.values()].map(({ payload }) => {
      const { key, measures } = JSON.parse(payload ?? 'null') as {
        key: { city: string };
        measures: { orders: string; revenue: string };
      };
      return [key.city, { orders: measures.orders, revenue: Number(measures.revenue) }] as const;
    });
    expect(new Map(published)).toEqual(new Map(sums));
    for (const { headers = [] } of newest.values()) {
      expect(headers).toEqual(
        expect.arrayContaining(['ce_specversion', '1.0', 'ce_id', 'ce_source', 'ce_type', 'ce_dsfrevision', 'content-type']),
      );
    }
  }, 240_000);

  /** Of each key whether the newest message is a document. */
  const lives = async (topic: string): Promise<ReadonlyMap<string | null, boolean>> =>
    new Map((await consumed(topic)).map(({ key, payload }) => [key, payload !== null]));
  /** Offsets that hold no message: the marks of transactions. */
  const marks = async (topic: string): Promise<number> => {
    const bounds = await Promise.all([0, 1, 2, 3].map((partition) => direct.bounds(topic, partition)));
    return bounds.reduce((sum, { end }) => sum + end, 0) - (await consumed(topic)).length;
  };

  it('sees documents, and a tombstone where a group is gone, sent in transactions and without', async () => {
    await call(['-P', '-t', input, '-p', '0', '-K', '|'], 'a|{"id":1,"city":"Delft","total":"n/a"}\nb|{"id":2,"city":"Essen","total":2}\n');
    await place.must(['run', '--until-idle']);
    const [delft, essen] = ['["Delft"]', '["Essen"]'];
    for (const topic of [counts, plain])
      expect(await lives(topic), topic).toEqual(
        new Map([
          [delft, true],
          [essen, true],
        ]),
      );
    // The record whose total is no number is filtered from now on; run again, it takes its city along.
    await define(', filter: "id != 1"');
    await place.must(['failures', 'replay', '--all']);
    await place.must(['run', '--until-idle']);
    for (const topic of [counts, plain])
      expect(await lives(topic), topic).toEqual(
        new Map([
          [delft, false],
          [essen, true],
        ]),
      );
    expect(await marks(counts)).toBeGreaterThan(0);
    expect(await marks(plain)).toBe(0);
    const documents = (await consumed(plain)).filter(({ key }) => key === delft);
    // Each at least once.
    const kinds = documents.map(({ payload }) => payload !== null).filter((is, index, all) => is !== all[index - 1]);
    expect(kinds).toEqual([true, false]);
    for (const { headers = [] } of documents) expect(headers).toEqual(expect.arrayContaining(['ce_id', 'ce_dsfrevision']));
  }, 240_000);
});
