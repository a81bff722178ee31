import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** For specs: a way to the server that breaks when it is told to. */
export interface TestProxy {
  readonly port: number;
  /** From now on nothing comes back: the next thing that the server answers breaks the connection instead. */
  breakOnAnswer(): void;
  /** From now on nothing arrives: the next thing that is sent breaks the connection instead. */
  breakOnQuestion(): void;
  /** Works again, for connections to come. */
  mend(): void;
  close(): Promise<void>;
}

export const openTestProxy = async (host: string, port: number): Promise<TestProxy> => {
  let mode: 'whole' | 'no answer' | 'no question' = 'whole';
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(port, host);
    const end = (): void => {
      client.destroy();
      // What was sent arrives, also when nobody waits for the answer any more.
      behind.end();
    };
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (bytes) => {
      if (mode === 'no question') end();
      else behind.write(bytes);
    });
    behind.on('data', (bytes) => {
      if (mode === 'no answer') end();
      else client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    breakOnAnswer: () => {
      mode = 'no answer';
    },
    breakOnQuestion: () => {
      mode = 'no question';
    },
    mend: () => {
      mode = 'whole';
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
};
