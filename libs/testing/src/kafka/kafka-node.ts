import { execFile, type ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { killServer, launchServer } from '../server-process.ts';
import { kafkaUsers, serverSettings, type NodePlace, type NodePorts } from './server-settings.ts';
import { untilUnfenced } from './until-unfenced.ts';

const run = promisify(execFile);
const startMsMax = 90_000;
const clusterId = 'dsf0test0cluster0id000';

/** One process of Apache Kafka, broker and controller. */
export interface KafkaNode {
  readonly ports: NodePorts;
  /** Stops it the hard way; its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same ports with the same data; resolves when it leads partitions again. */
  restart(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it for good. */
  end(): Promise<void>;
}

const launch = async (jars: string, folder: string, { id, ports }: Omit<NodePlace, 'data'>): Promise<ChildProcess> => {
  const memory = ['-Xmx512m', '-Xms192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const command = ['java', ...memory, '-cp', `${jars}/*`, 'kafka.Kafka', join(folder, 'server.properties')];
  const child = await launchServer('Kafka', command, { port: ports.open, startMsMax });
  try {
    await untilUnfenced(`127.0.0.1:${ports.open}`, id, startMsMax);
  } catch (error) {
    await killServer(child);
    throw error;
  }
  return child;
};

/** @param folder - its own, for settings and data @throws Error with what it said, when it does not start */
export const startNode = async (jars: string, folder: string, place: Omit<NodePlace, 'data'>): Promise<KafkaNode> => {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'server.properties');
  await writeFile(file, serverSettings({ ...place, data: join(folder, 'data') }));
  const scram = ['256', '512'].flatMap((size) => ['--add-scram', `SCRAM-SHA-${size}=[name=scram,password=${kafkaUsers.scram}]`]);
  const format = ['format', '-t', clusterId, '-c', file, ...scram];
  await run('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, 'kafka.tools.StorageTool', ...format]);
  const { ports } = place;
  let child = await launch(jars, folder, place);
  // A run that is cut short leaves no broker behind.
  const last = (): void => void child.kill('SIGKILL');
  process.once('exit', last);
  return {
    ports,
    kill: () => killServer(child),
    restart: async () => {
      await killServer(child);
      child = await launch(jars, folder, place);
    },
    signal: (signal) => void child.kill(signal),
    end: async () => {
      await killServer(child);
      process.off('exit', last);
    },
  };
};
