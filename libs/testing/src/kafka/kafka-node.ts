import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { kafkaUsers, serverSettings, type NodePlace, type NodePorts } from './server-settings.ts';

const run = promisify(execFile);
const startMsMax = 90_000;
const clusterId = 'dsf0test0cluster0id000';

/** One process of Apache Kafka, broker and controller. */
export interface KafkaNode {
  readonly ports: NodePorts;
  /** Stops it the hard way; its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same ports with the same data. */
  restart(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it for good. */
  end(): Promise<void>;
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

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

/** @param folder - its own, for settings and data @throws Error with what it said, when it does not start */
export const startNode = async (jars: string, folder: string, place: Omit<NodePlace, 'data'>): Promise<KafkaNode> => {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'server.properties');
  await writeFile(file, serverSettings({ ...place, data: join(folder, 'data') }));
  const scram = ['256', '512'].flatMap((size) => ['--add-scram', `SCRAM-SHA-${size}=[name=scram,password=${kafkaUsers.scram}]`]);
  const format = ['format', '-t', clusterId, '-c', file, ...scram];
  await run('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, 'kafka.tools.StorageTool', ...format]);
  const { ports } = place;
  let child = await launch(jars, folder, ports.open);
  // A run that is cut short leaves no broker behind.
  const last = (): void => void child.kill('SIGKILL');
  process.once('exit', last);
  return {
    ports,
    kill: () => stop(child),
    restart: async () => {
      await stop(child);
      child = await launch(jars, folder, ports.open);
    },
    signal: (signal) => void child.kill(signal),
    end: async () => {
      await stop(child);
      process.off('exit', last);
    },
  };
};
