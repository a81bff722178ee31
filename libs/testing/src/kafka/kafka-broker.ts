import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from './certificates.ts';
import { kafkaJars, type KafkaEnvironment } from './fetch-kafka.ts';
import { freePorts, unreadBytes } from '../server-process.ts';
import { startNode } from './kafka-node.ts';

/** One node of Apache Kafka, for tests. */
export interface KafkaBroker {
  /** `host:port`, without a login. Whoever comes here may do everything. */
  readonly address: string;
  /** `host:port` with SASL (PLAIN, SCRAM, and OAUTHBEARER with tokens that nobody signed), for `kafkaUsers`; null for a broker that the tests did not start. */
  readonly loginAddress: string | null;
  /** Present when asked for. */
  readonly secure: SecureAddresses | null;
  /** Stops it the hard way; its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same ports with the same data; resolves when it leads its partitions again. */
  restart(): Promise<void>;
  /** Freezes it, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Bytes that clients have sent, and that it has not read: what waits for a frozen broker. */
  unreadBytes(): Promise<number>;
  /** Lines through Apache's own console producer: a client that nobody here wrote. @param properties - of the producer, such as `compression.type` */
  produce(topic: string, lines: readonly string[], properties: Readonly<Record<string, string>>): Promise<void>;
  /** Ends it and deletes its data. */
  close(): Promise<void>;
}

/** Encrypted. */
export interface SecureAddresses {
  /** `host:port`; whoever trusts the authority comes in, and may do everything. */
  readonly any: string;
  /** `host:port`; for those alone that show a certificate. */
  readonly known: string;
  /** Folder with `certificateFiles`. */
  readonly certificates: string;
}

export interface KafkaOptions {
  /** Also with encryption, which needs openssl. Default: without. */
  readonly secure?: boolean;
  /** How long a login holds on one connection, ms. Default: as long as the connection. */
  readonly loginMsMax?: number;
}

/** It moved from the core to the tools with 4.0. */
const consoleProducer = (jars: string): string =>
  jars.includes('kafka-3.') ? 'kafka.tools.ConsoleProducer' : 'org.apache.kafka.tools.ConsoleProducer';

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
  const none = { loginAddress: null, secure: null };
  const own = { kill: refuse, restart: refuse, signal: refuse, unreadBytes: refuse, produce: refuse };
  return { address, ...none, ...own, close: async () => undefined };
};

const at = (port: number): string => `127.0.0.1:${port}`;

/**
 * The broker that `DSF_TEST_KAFKA` names, or one of its own: version `DSF_TEST_KAFKA_VERSION`, free ports, data in a temporary folder.
 * @throws Error with what the broker said, when it does not start
 */
export const startKafka = async (environment: KafkaEnvironment, options: KafkaOptions = {}): Promise<KafkaBroker> => {
  const given = environment['DSF_TEST_KAFKA'];
  if (given !== undefined && given !== '') return external(given);
  const jars = await kafkaJars(environment);
  const folder = await mkdtemp(join(tmpdir(), 'dsf-kafka-'));
  const certificates = join(folder, 'certificates');
  if (options.secure === true) await makeCertificates(certificates);
  const [open = 0, login = 0, controller = 0, any = 0, known = 0] = await freePorts(5);
  const secure = options.secure === true ? { any, known, certificates } : null;
  const place = { id: 1, ports: { open, login, controller, secure }, voters: [`1@${at(controller)}`], loginMsMax: options.loginMsMax ?? 0 };
  const node = await startNode(jars, join(folder, 'node'), place);
  return {
    address: at(open),
    loginAddress: at(login),
    secure: secure === null ? null : { any: at(secure.any), known: at(secure.known), certificates },
    kill: () => node.kill(),
    restart: () => node.restart(),
    signal: (signal) => node.signal(signal),
    unreadBytes: () => unreadBytes(open),
    produce: (topic, lines, properties) => produceLines(jars, { address: at(open), topic, lines, properties }),
    close: async () => {
      await node.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
