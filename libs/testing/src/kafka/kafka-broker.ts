import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fetchKafka, type KafkaEnvironment } from './fetch-kafka.ts';

/** One node of Apache Kafka, for tests. */
export interface KafkaBroker {
  /** `host:port`, without a login. Whoever comes here may do everything. */
  readonly address: string;
  /** `host:port` with SASL (PLAIN and SCRAM), for `users`; null for a broker that the tests did not start. */
  readonly loginAddress: string | null;
  /** Stops it the hard way; its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same ports with the same data. */
  restart(): Promise<void>;
  /** Freezes it, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Lines through Apache's own console producer: a client that nobody here wrote. @param properties - of the producer, such as `compression.type` */
  produce(topic: string, lines: readonly string[], properties: Readonly<Record<string, string>>): Promise<void>;
  /** Ends it and deletes its data. */
  close(): Promise<void>;
}

/** Users that the broker knows, by name with their password. None may do anything before an ACL says so. */
export const kafkaUsers = { plain: 'plain-secret', scram: 'scram-secret' } as const;

const run = promisify(execFile);
const startMsMax = 60_000;
const defaultVersion = '3.9.1';

/** It moved from the core to the tools with 4.0. */
const consoleProducer = (jars: string): string =>
  jars.includes('kafka-3.') ? 'kafka.tools.ConsoleProducer' : 'org.apache.kafka.tools.ConsoleProducer';

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

interface Ports {
  readonly open: number;
  readonly login: number;
  readonly controller: number;
}

/** Small and quick: one replica, few internal partitions, groups that do not wait. */
const settings = (data: string, { open, login, controller }: Ports): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `OPEN://127.0.0.1:${open},LOGIN://127.0.0.1:${login},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `OPEN://127.0.0.1:${open},LOGIN://127.0.0.1:${login}`,
    'listener.security.protocol.map': 'OPEN:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'OPEN',
    'controller.listener.names': 'CONTROLLER',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.login.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_plain="${kafkaUsers.plain}";`,
    'listener.name.login.scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'listener.name.login.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'log.dirs': data,
    'num.partitions': 1,
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.min.session.timeout.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    'message.max.bytes': 8_000_000,
    'log.initial.task.delay.ms': 500,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const answers = async (port: number): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

const launch = async (jars: string, folder: string, port: number): Promise<ChildProcess> => {
  const memory = ['-Xmx512m', '-Xms192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const child = spawn('java', [...memory, '-cp', `${jars}/*`, 'kafka.Kafka', join(folder, 'server.properties')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const listen = (text: string): void => {
    said = (said + text).slice(-4000);
  };
  child.stdout.setEncoding('utf8').on('data', listen);
  child.stderr.setEncoding('utf8').on('data', listen);
  const giveUpAt = Date.now() + startMsMax;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > giveUpAt) {
      child.kill('SIGKILL');
      throw new Error(`Kafka did not start: ${said}`);
    }
    await delay(100);
  }
  return child;
};

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

interface Lines {
  readonly address: string;
  readonly topic: string;
  readonly lines: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

const produceLines = async (jars: string, { address, topic, lines, properties }: Lines): Promise<void> => {
  const options = Object.entries(properties).flatMap(([name, value]) => ['--producer-property', `${name}=${value}`]);
  const program = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, consoleProducer(jars)];
  const child = spawn('java', [...program, '--bootstrap-server', address, '--topic', topic, ...options], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the console producer ended with ${code ?? 'a signal'}: ${said}`);
};

const external = (address: string): KafkaBroker => {
  const refuse = (): never => {
    throw new Error('this test needs a broker of its own: unset DSF_TEST_KAFKA');
  };
  return { address, loginAddress: null, kill: refuse, restart: refuse, signal: refuse, produce: refuse, close: async () => undefined };
};

/**
 * The broker that `DSF_TEST_KAFKA` names, or one of its own: version `DSF_TEST_KAFKA_VERSION`, free ports, data in a temporary folder.
 * @throws Error with what the broker said, when it does not start
 */
export const startKafka = async (environment: KafkaEnvironment): Promise<KafkaBroker> => {
  const given = environment['DSF_TEST_KAFKA'];
  if (given !== undefined && given !== '') return external(given);
  const jars = await fetchKafka(environment['DSF_TEST_KAFKA_VERSION'] ?? defaultVersion);
  const folder = await mkdtemp(join(tmpdir(), 'dsf-kafka-'));
  const ports: Ports = { open: await freePort(), login: await freePort(), controller: await freePort() };
  await writeFile(join(folder, 'server.properties'), settings(join(folder, 'data'), ports));
  const scram = ['256', '512'].flatMap((size) => ['--add-scram', `SCRAM-SHA-${size}=[name=scram,password=${kafkaUsers.scram}]`]);
  const format = ['format', '-t', 'dsf0test0cluster0id000', '-c', join(folder, 'server.properties'), ...scram];
  await run('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, 'kafka.tools.StorageTool', ...format]);
  let child = await launch(jars, folder, ports.open);
  // A run that is cut short leaves no broker behind.
  const last = (): void => void child.kill('SIGKILL');
  process.once('exit', last);
  return {
    address: `127.0.0.1:${ports.open}`,
    loginAddress: `127.0.0.1:${ports.login}`,
    kill: () => stop(child),
    restart: async () => {
      await stop(child);
      child = await launch(jars, folder, ports.open);
    },
    signal: (signal) => void child.kill(signal),
    produce: (topic, lines, properties) => produceLines(jars, { address: `127.0.0.1:${ports.open}`, topic, lines, properties }),
    close: async () => {
      await stop(child);
      process.off('exit', last);
      await rm(folder, { recursive: true, force: true });
    },
  };
};
