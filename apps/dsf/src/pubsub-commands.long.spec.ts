import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PubSub } from '@google-cloud/pubsub';
import { startPubsubRules, type PubsubRules } from '@dsf/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonLines, openWorkplace, type Workplace } from './specs/dsf-process.ts';

const project = 'shop-project';
const definitions = `
connections: [{ name: google, kind: pubsub, project: ${project} }]
sources: [{ name: shop.orders, transport: pubsub, connection: google, topic: orders-for-dsf, partitions: 2 }]
drivers: [{ name: shop.revenue, inputs: [{ source: shop.orders }], key: { customer: customer }, measures: { orders: count, total: sum(total) } }]
publications: [{ name: revenue, driver: shop.revenue, transport: pubsub, connection: google, topic: revenue }]
`;
const orders = ['{"customer":"ada","total":1.5}', '{"customer":"bob","total":2}', '{"customer":"ada","total":0.25}'];

// Google's emulators keep nothing for those who come later, and know no seek into the past.
describe('commands on Pub/Sub, against a fake with the documented rules', () => {
  let rules: PubsubRules;
  let remote: PubSub;
  let place: Workplace;
  beforeEach(async () => {
    rules = await startPubsubRules();
    remote = new PubSub({ projectId: project, apiEndpoint: rules.address, emulatorMode: true });
    for (const name of ['orders', 'revenue'])
      await remote.createTopic({ name: remote.topic(name).name, messageRetentionDuration: { seconds: 86_400 } });
    await remote.createTopic('forgetful');
    await remote.topic('orders').createSubscription('orders-for-dsf', { enableMessageOrdering: true, enableExactlyOnceDelivery: true });
    // A quiet lane is idle, and its stream may take longer to open than the usual second.
    place = openWorkplace({ PUBSUB_EMULATOR_HOST: rules.address, DSF_IDLE_HEARTBEAT: '5s' });
    writeFileSync(join(place.folder, 'shop.yaml'), definitions);
    await place.must(['apply', 'shop.yaml']);
  });
  afterEach(async () => {
    place.clear();
    await remote.close();
    await rules.close();
  });

  const produce = (): Promise<string> => place.must(['produce', 'shop.orders', '--key', 'customer'], `${orders.join('\n')}\n`);
  const totals = async (): Promise<unknown> =>
    jsonLines(await place.must(['query', 'SELECT customer, orders, total FROM shop_revenue ORDER BY customer', '--json']));
  const expected = [
    { customer: 'ada', orders: 2, total: '1.75' },
    { customer: 'bob', orders: 1, total: '2' },
  ];
  const ingest = async (): Promise<unknown> => {
    const [status] = jsonLines(await place.must(['status', '--json']));
    return (status as { readonly sources: readonly { readonly phases: readonly unknown[] }[] }).sources[0]?.phases[0];
  };

  it('produce what a source is to read, into the topic of its subscription, and consume what was published and what came', async () => {
    await produce();
    // Keys keep their order, each by itself.
    expect(rules.published('orders').toSorted()).toEqual(orders.toSorted());
    await place.must(['run', '--until-idle']);
    expect(await totals()).toEqual(expected);
    const documents = jsonLines(await place.must(['consume', 'revenue', '--from-beginning', '--until-end']));
    expect(documents.at(-1)).toMatchObject({ reason: 'update', body: { measures: {} } });
    const newest = new Map(documents.map(({ key, body }) => [JSON.stringify(key), body]));
    expect([...newest.values()]).toHaveLength(2);
    const came = jsonLines(await place.must(['consume', 'shop.orders', '--from-beginning', '--until-end', '--json']));
    const totalsOf = (customer: string): readonly number[] =>
      came.flatMap(({ key, body }) => (key === customer ? [(body as { readonly total: number }).total] : []));
    expect([totalsOf('ada'), totalsOf('bob')]).toEqual([[1.5, 0.25], [2]]);
    expect(came.every(({ id }) => typeof id === 'string')).toBe(true);
    // Nobody's subscription was touched, and none is left behind.
    const [left] = await remote.topic('orders').getSubscriptions();
    expect(left.map(({ name }) => name)).toEqual([remote.subscription('orders-for-dsf').name]);
    expect(rules.waiting('orders-for-dsf')).toBe(0);
  });

  it('store nothing again when an operator seeks the subscription into the past', async () => {
    await produce();
    await place.must(['run', '--until-idle']);
    await remote.subscription('orders-for-dsf').seek(new Date(0));
    expect(rules.waiting('orders-for-dsf')).toBe(orders.length);
    await place.must(['run', '--until-idle']);
    expect(rules.waiting('orders-for-dsf')).toBe(0);
    expect(await totals()).toEqual(expected);
    expect(await ingest()).toMatchObject({ received: orders.length, written: orders.length });
  });

  it('say what to do where a topic keeps nothing, or is not there', async () => {
    writeFileSync(join(place.folder, 'shop.yaml'), definitions.replace('topic: revenue', 'topic: forgetful'));
    await place.must(['apply', 'shop.yaml']);
    const forgetful = await place.dsf(['consume', 'revenue', '--from-beginning']);
    expect(forgetful.code).not.toBe(0);
    expect(forgetful.stderr).toMatch(/topic "forgetful".*keeps nothing.*--message-retention-duration.*transport\.precondition/s);
    await remote.subscription('orders-for-dsf').delete();
    const missing = await place.dsf(['produce', 'shop.orders'], '{}\n');
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toMatch(/subscription "orders-for-dsf" does not exist.*gcloud pubsub subscriptions create/s);
  });
});
