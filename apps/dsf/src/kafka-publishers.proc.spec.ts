import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnKafka, readAll, realClock, startKafka, startService, whyNoOwnKafka, type KafkaBroker } from '@dsf/testing';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Running, type Workplace } from './specs/dsf-process.ts';

const reason = await whyNoOwnKafka(process.env);

type Publisher = ReturnType<typeof startService>;

const fenced = { kind: 'retry', code: 'transport.fenced' };
const text = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array());

describeOnKafka(reason, 'publishers shut out their predecessors', () => {
  let broker: KafkaBroker;
  let direct: KafkaTransport;
  let place: Workplace;
  /** Everything before publish. */
  let before: Running;
  let prefix = '';
  let publishers: Publisher[] = [];
  beforeAll(async () => {
    broker = await startKafka(process.env);
    direct = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: realClock });
  }, 300_000);
  afterAll(async () => {
    await direct.close();
    await broker.close();
  });
  beforeEach(async () => {
    prefix = `${randomUUID()}.`;
    place = openWorkplace({ DSF_INTERNAL_PREFIX: prefix });
    const lines = [
      'settings: { lanes: 1 }',
      `connections: [{ name: plant, brokers: ["${broker.address}"] }]`,
      'sources: [{ name: orders }]',
      'drivers: [{ name: by.city, inputs: [{ source: orders }], key: { city: city }, measures: { orders: count } }]',
      'publications:',
      ...['first', 'second'].map(
        (name) => `  - { name: ${name}, driver: by.city, transport: kafka, connection: plant, topic: ${prefix}${name}, partitions: 1 }`,
      ),
    ];
    writeFileSync(join(place.folder, 'shop.yaml'), `${lines.join('\n')}\n`);
    for (const name of ['first', 'second']) await direct.ensureTopic(`${prefix}${name}`, 1);
    await place.must(['apply', 'shop.yaml']);
    publishers = [];
    before = place.start('run', '--phases', 'ingest,flatten,summarise');
  });
  afterEach(async () => {
    for (const { signal } of publishers) signal('SIGTERM');
    before.child.kill('SIGTERM');
    await Promise.all([before.ended, ...publishers.map(({ ended }) => ended)]);
    place.clear();
  });

  const startPublisher = (): Publisher => {
    const http = { PUBLISHER_HTTP_PORT: '0', PUBLISHER_HTTP_HOST: '127.0.0.1' };
    const publisher = startService('publisher', { DSF_HOME: join(place.folder, '.dsf'), DSF_INTERNAL_PREFIX: prefix, ...http });
    publishers.push(publisher);
    return publisher;
  };
  const order = (): Promise<string> => place.must(['produce', 'orders'], '{"city":"c"}\n');
  /**
   * Numbers of orders in the documents that a consumer sees who reads what is committed, in their order. A document comes again where the
   * answer to its commit was lost; that counts once.
   */
  const published = async (name: string): Promise<readonly string[]> =>
    (await readAll(direct, `${prefix}${name}`))
      .map(({ body }) => /"orders":"(\d+)"/.exec(text(body))?.[1] ?? '')
      .filter((orders, index, all) => orders !== all[index - 1]);
  const untilPublished = (name: string, wanted: readonly string[]): Promise<void> =>
    expect.poll(() => published(name), { timeout: 60_000, interval: 300 }).toEqual(wanted);
  /** Another writer with the id that the publisher must have for this publication and the one lane. */
  const takeOver = (name: string) => direct.openWriter(`${prefix}${name}`, `${prefix}dsf.publish.${name}.0`);
  const tooLate = [{ partition: 0, key: null, headers: [], body: new TextEncoder().encode('{"orders":"99"}') }];

  it('write under an id of the publication and lane, behind the prefix, after each start the same', async () => {
    const publisher = startPublisher();
    await order();
    for (const name of ['first', 'second']) await untilPublished(name, ['1']);

    const other = await takeOver('first');
    await order();
    for (const name of ['first', 'second']) await untilPublished(name, ['1', '2']);
    expect(publisher.log()).toMatch(/\(first\).*transport\.fenced/);
    expect(publisher.log()).not.toMatch(/\(second\).*transport\.fenced/);
    await expect(other.send(`${prefix}first`, tooLate)).rejects.toMatchObject(fenced);

    publisher.signal('SIGTERM');
    expect((await publisher.ended).code).toBe(0);
    const meanwhile = await takeOver('second');
    startPublisher();
    await order();
    for (const name of ['first', 'second']) await untilPublished(name, ['1', '2', '3']);
    await expect(meanwhile.send(`${prefix}second`, tooLate)).rejects.toMatchObject(fenced);
  });

  it('of which one froze in the middle of a send can commit nothing of it once another has its lane', async () => {
    const frozen = startPublisher();
    await order();
    for (const name of ['first', 'second']) await untilPublished(name, ['1']);

    // The broker is silent, so that the send is under way for as long as wanted.
    broker.signal('SIGSTOP');
    const unread = await broker.unreadBytes();
    await order();
    const counted = async () => jsonLines(await place.must(['query', 'SELECT orders FROM by_city', '--json']));
    await expect.poll(counted, { timeout: 30_000, interval: 200 }).toEqual([{ orders: 2 }]);
    await expect.poll(() => broker.unreadBytes(), { timeout: 30_000, interval: 20 }).toBeGreaterThan(unread);
    frozen.signal('SIGSTOP');
    broker.signal('SIGCONT');
    startPublisher();
    for (const name of ['first', 'second']) await untilPublished(name, ['1', '2']);

    frozen.signal('SIGCONT');
    // Refused; or given up before the answer, where the machine is so slow that it came too late.
    await expect.poll(() => frozen.log(), { timeout: 30_000, interval: 200 }).toMatch(/transport\.(fenced|unavailable)/);
    await order();
    for (const name of ['first', 'second']) await untilPublished(name, ['1', '2', '3']);
  });
});
