import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Ports of this machine that nobody listens on just now, no two of them equal: each is held until all are chosen. */
export const freePorts = async (count: number): Promise<readonly number[]> => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, 'close');
    }),
  );
  return ports;
};

/** A port of this machine that nobody listens on just now. */
export const freePort = async (): Promise<number> => {
  const [port = 0] = await freePorts(1);
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

/** What it said is kept for the error. */
const saidMax = 4000;

/** @param name - of the server, for people. Resolves when it answers on the port. @throws Error with what it said, when it does not */
export const launchServer = async (
  name: string,
  [program = '', ...parameters]: readonly string[],
  { port, startMsMax }: { readonly port: number; readonly startMsMax: number },
): Promise<ChildProcess> => {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const listen = (text: string): void => {
    said = (said + text).slice(-saidMax);
  };
  child.stdout.setEncoding('utf8').on('data', listen);
  child.stderr.setEncoding('utf8').on('data', listen);
  const giveUpAt = Date.now() + startMsMax;
  while (!(await answers(port))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > giveUpAt) {
      child.kill('SIGKILL');
      throw new Error(`${name} did not start: ${said}`);
    }
    await delay(100);
  }
  return child;
};

/** Stops it the hard way, and waits for its end. */
export const killServer = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

/** Of each connection: where it is here and there, its state, and in hexadecimal digits what waits to be sent and to be read. */
const connectionLine = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F:]+ [0-9A-F]{2} [0-9A-F]{8}:([0-9A-F]{8})/gm;

/** Bytes that have come to a port of this machine, and that its server has not read yet (proc_net_tcp(5)). */
export const unreadBytes = async (port: number): Promise<number> => {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8')));
  const waiting = [...tables.join('\n').matchAll(connectionLine)].filter(([, local = '']) => Number.parseInt(local, 16) === port);
  return waiting.reduce((sum, [, , unread = '']) => sum + Number.parseInt(unread, 16), 0);
};
