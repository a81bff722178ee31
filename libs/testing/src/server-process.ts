import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
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
