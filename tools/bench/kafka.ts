/** From a topic of Kafka into SQLite, and from summaries to a topic of Kafka, each beside kafkajs alone on the same broker. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka, whyNoKafka, type KafkaBroker } from '@dsf/testing';
import { openKafkaTransport, type KafkaTransport } from '@dsf/transport-kafka';
import { systemClock } from '../../libs/wiring/src/system-clock.ts';
import { measureFloor, profileFolder, runProcesses, sumUsage, type Figure, type Stream } from './arrangements.ts';
import { startChild } from './child.ts';
import { checkRows, define, messagesPerSend, withHome } from './home.ts';
import { definitions, driverName, partitions, type StreamMessage } from './reference-stream.ts';
import type { Task } from './task.ts';

interface Place {
  readonly broker: KafkaBroker;
  readonly transport: KafkaTransport;
  readonly folder: string;
  readonly home: string;
  readonly stream: Stream;
  readonly profile: string | null;
}

/** The stream, once; and often enough for ingest to run for seconds, so that its first second, in which V8 compiles, counts as it does for a service. */
const inputTopic = 'bench.input';
const longTopic = 'bench.input-long';
const passes = 5;
const outputs = { transactions: 'bench.output-transactions', plain: 'bench.output-plain' } as const;
type Output = keyof typeof outputs;

/** The reference pipeline between topics of Kafka. @param published - in which ways */
const onKafka = (address: string, topic: string, published: readonly Output[] = []) => {
  const place = { transport: 'kafka', connection: 'bench' } as const;
  return {
    connections: [{ name: 'bench', brokers: [address] }],
    sources: definitions.sources.map((source) => ({ ...source, ...place, topic })),
    drivers: definitions.drivers,
    publications: published.map((way) => ({
      ...{ name: `bench.${way}`, driver: driverName, partitions, ...place },
      ...{ topic: outputs[way], transactional: way === 'transactions' },
    })),
  };
};

const fillTopic = async (transport: KafkaTransport, topic: string, messages: readonly StreamMessage[]): Promise<void> => {
  await transport.ensureTopic(topic, partitions);
  for (let from = 0; from < messages.length; from += messagesPerSend) {
    const some = messages.slice(from, from + messagesPerSend).map(({ partition, key, body }) => ({ partition, key, headers: [], body }));
    await transport.send(topic, some);
  }
};

const measureBare = async (name: string, task: Extract<Task, { records: number }>, profile: string | null): Promise<Figure> => {
  const { usage } = await startChild(task, profileFolder(profile, name)).done;
  return { name, floors: [], records: task.records, rows: 0, ...sumUsage([usage]), counts: {} };
};

const rawBare = 'bare inserts of raw rows';
const ingestBare = 'kafkajs consumer';
const bareNames = { transactions: 'kafkajs producer, transactions', plain: 'kafkajs producer, idempotent' } as const;
const ourNames = { transactions: 'publish to Kafka, transactions', plain: 'publish to Kafka, idempotent' } as const;

/** Floors before and after, so that all meet the same moment of the machine. */
const measureIngest = async ({ broker, transport, folder, stream, profile }: Place, like: string): Promise<readonly Figure[]> => {
  const { address } = broker;
  const totals = { ...stream.totals, records: stream.totals.records * passes };
  for (let pass = 0; pass < passes; pass += 1) await fillTopic(transport, longTopic, stream.messages);
  const consumer = () => measureBare(ingestBare, { kind: 'kafkajs-consume', address, topic: longTopic, records: totals.records }, profile);
  const raw = (turn: string) =>
    measureFloor(join(folder, `kafka raw ${turn}`), stream, { floor: 'raw', name: rawBare, passes, like, profile });
  const ingest = async (name: string, environment = {}): Promise<Figure> => {
    const home = join(folder, name);
    await withHome(home, (installation) => define(installation, onKafka(address, longTopic)));
    return runProcesses({ name, floors: [rawBare, ingestBare], home, processes: [['ingest']], environment, profile }, totals);
  };
  const before = [await raw('before'), await consumer()];
  const ours = await ingest('ingest from Kafka');
  const between = [await consumer(), await raw('between')];
  await transport.ensureTopic('bench.dsf.raw', partitions);
  const internal = { DSF_INTERNAL_TRANSPORT: 'kafka', DSF_INTERNAL_KAFKA_BROKERS: address, DSF_INTERNAL_PREFIX: 'bench.' };
  const there = await ingest('ingest, dsf.raw in Kafka too', internal);
  return [...before, ours, ...between, there, await consumer(), await raw('after')];
};

const countOf = async (transport: KafkaTransport, topic: string): Promise<number> => {
  const ends = await Promise.all(Array.from({ length: partitions }, (_, partition) => transport.bounds(topic, partition)));
  return ends.reduce((sum, { end }) => sum + end, 0);
};

/** A transaction that was committed is seen when its marks are written, a moment later. */
const markedMsMax = 10_000;

const holds = async (transport: KafkaTransport, topic: string, documents: number): Promise<boolean> => {
  for (const deadline = Date.now() + markedMsMax; Date.now() < deadline; await sleep(100))
    if ((await countOf(transport, topic)) >= documents) return true;
  return false;
};

/** Publishes every group once, read from the state, and lets kafkajs send the same documents in batches of the same size. */
const measurePublish = async (place: Place, way: Output, published: readonly Output[]): Promise<readonly Figure[]> => {
  const { broker, transport, home, stream, profile } = place;
  const { address } = broker;
  await transport.ensureTopic(outputs[way], partitions);
  await withHome(home, (installation) => define(installation, onKafka(address, inputTopic, published)));
  const floors = [bareNames[way]];
  const ran = await runProcesses({ name: ourNames[way], floors, home, processes: [['publish']], profile }, stream.totals);
  const { written = 0, batches = 1 } = ran.counts.publish ?? {};
  if (written !== stream.totals.groups) throw new Error(`${written} documents instead of ${stream.totals.groups}`);
  const batch = Math.ceil(written / batches);
  const bare = async (turn: string): Promise<Figure> => {
    const to = `${outputs[way]}-bare-${turn}`;
    await transport.ensureTopic(to, partitions);
    const same = { kind: 'kafkajs-produce', address, from: outputs[way], to, records: written, batch } as const;
    const figure = await measureBare(bareNames[way], { ...same, transactional: way === 'transactions' }, profile);
    if (!(await holds(transport, to, written))) throw new Error(`kafkajs wrote fewer than ${written} documents`);
    return figure;
  };
  return [{ ...ran, records: written }, await bare('1'), await bare('2')];
};

/** @param like - a home whose tables exist @returns why not, where no broker can be started */
export const measureKafka = async (
  folder: string,
  stream: Stream,
  {
    like,
    profile,
    environment,
    say,
  }: {
    readonly like: string;
    readonly profile: string | null;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly say: (line: string) => void;
  },
): Promise<readonly Figure[]> => {
  const why = await whyNoKafka(environment);
  if (why !== null) {
    say(`Kafka is left out: ${why}`);
    return [];
  }
  const broker = await startKafka(environment);
  const transport = openKafkaTransport({ connection: { brokers: [broker.address] }, clock: systemClock });
  const home = join(folder, 'kafka');
  const place: Place = { broker, transport, folder, home, stream, profile };
  try {
    say('ingest from Kafka');
    const figures = [...(await measureIngest(place, like))];
    say('publish to Kafka');
    await fillTopic(transport, inputTopic, stream.messages);
    await withHome(home, (installation) => define(installation, onKafka(broker.address, inputTopic)));
    const rest = { name: 'rest', floors: [], home, profile: null };
    await runProcesses({ ...rest, processes: [['ingest', 'flatten', 'summarise']] }, stream.totals);
    figures.push(...(await measurePublish(place, 'transactions', ['transactions'])));
    figures.push(...(await measurePublish(place, 'plain', ['transactions', 'plain'])));
    await checkRows(home, stream.totals);
    return figures;
  } finally {
    await transport.close();
    await broker.close();
  }
};
