import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetadataStore, Transport, Warehouse } from '@dsf/ports';
import { sendingSurely } from './send-surely.ts';
import { expectShopTables, expectShopTotals, readAll, sendShop } from './shop-checks.ts';
import { activateAll, fleetEnvironment, untilIdle } from './with-fleet.ts';
import { shopDefinitions, type ShopExpectation, type ShopMessage } from './shop-stream.ts';

/** What a spec opens for the shop. */
export interface KafkaShopParts {
  readonly installation: {
    readonly metadata: Pick<MetadataStore, 'activate'>;
    readonly warehouse: Pick<Warehouse, 'inspect'>;
    readonly transport: (kind: 'local') => Promise<Transport>;
    readonly close: () => Promise<void>;
  };
  /** Into the cluster, without a login. */
  readonly direct: Transport;
  readonly status: () => Promise<{ readonly idle: boolean }>;
}

export interface KafkaShopOptions<Parts extends KafkaShopParts> {
  /** `host:port` of the cluster. */
  readonly brokers: readonly string[];
  /** What carries the internal topics. */
  readonly internal: 'local' | 'kafka';
  /** Where the orders come from and the totals go to. */
  readonly ends: 'local' | 'kafka';
  readonly open: (environment: Readonly<Record<string, string>>, home: string) => Promise<Parts>;
}

const definitionsFor = (
  { ends, brokers }: Pick<KafkaShopOptions<KafkaShopParts>, 'ends' | 'brokers'>,
  { input, output }: { readonly input: string; readonly output: string },
) => {
  const place = (topic: string) => (ends === 'kafka' ? { transport: 'kafka', connection: 'plant', topic } : { topic });
  return {
    ...shopDefinitions,
    connections: [{ name: 'plant', kind: 'kafka', brokers: [...brokers] }],
    sources: shopDefinitions.sources.map((source) => ({ ...source, ...place(input) })),
    publications: shopDefinitions.publications.map((publication) =>
      publication.name === 'shop.totals' ? { ...publication, ...place(output) } : publication,
    ),
  };
};

/** An installation of the shop, and what a test may ask of it. */
export interface KafkaShop {
  /** Of the internal topics. */
  readonly prefix: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly feed: (messages: readonly ShopMessage[], pauseMs: number) => Promise<void>;
  readonly untilIdle: (limitMs: number) => Promise<void>;
  /** Messages that the internal topic has ever held. */
  readonly written: (topic: string) => Promise<number>;
  readonly count: (table: string) => Promise<unknown>;
  /** Every message is in the tables once, and every sum and document is right. */
  readonly expectAll: (messages: readonly ShopMessage[], expected: ShopExpectation) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A new installation with topics of its own in the cluster; the internal topics are not made yet. */
export const openKafkaShop = async <Parts extends KafkaShopParts>(options: KafkaShopOptions<Parts>): Promise<KafkaShop & Parts> => {
  const { brokers, open } = options;
  const home = mkdtempSync(join(tmpdir(), 'dsf-kafka-services-'));
  const [input, output, prefix] = [`orders-${randomUUID()}`, `totals-${randomUUID()}`, `${randomUUID()}.`];
  const onKafka = { DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_KAFKA_BROKERS: brokers.join(','), DSF_INTERNAL_PREFIX: prefix };
  const environment: Readonly<Record<string, string>> = {
    ...(options.internal === 'kafka' ? onKafka : {}),
    ...fleetEnvironment(home),
  };
  const parts = await open(environment, home);
  const { installation, direct, status } = parts;
  const ends = options.ends === 'kafka' ? direct : await installation.transport('local');
  await ends.ensureTopic(input, 4);
  await ends.ensureTopic(output, 4);
  await activateAll(installation.metadata, definitionsFor(options, { input, output }));
  const feeder = sendingSurely(ends);
  return {
    ...{ ...parts, prefix, environment },
    feed: (messages, pauseMs) => sendShop(feeder, input, { messages, pauseMs }),
    untilIdle: (limitMs) => untilIdle(status, limitMs),
    written: async (topic) => {
      const name = `${prefix}${topic}`;
      const partitions = Array.from({ length: await direct.partitionCount(name) }, (_, partition) => direct.bounds(name, partition));
      return (await Promise.all(partitions)).reduce((sum, { end }) => sum + end, 0);
    },
    count: async (table) => (await installation.warehouse.inspect.query(`select count(*) from ${table}`, 1)).rows[0]?.[0],
    expectAll: async (messages, expected) => {
      await expectShopTables(installation.warehouse, messages, expected);
      expectShopTotals(await readAll(ends, output), expected);
    },
    close: async () => {
      await direct.close();
      await installation.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
};
