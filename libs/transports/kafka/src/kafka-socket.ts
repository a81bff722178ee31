import { connect as connectPlain, isIP, type LookupFunction, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { Clock } from '@dsf/ports';
import { checkTls, readTls, type KafkaTls } from './connection-options.ts';
import { forAWhile } from './for-a-while.ts';
import { unresolvedCode } from './kafka-failure.ts';
import { readAnswers } from './whole-answers.ts';

/** What kafkajs asks its socket factory for. Whether the socket is encrypted is for `SocketOptions` to say. */
export interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly onConnect: () => void;
}

export interface SocketOptions {
  readonly clock: Clock;
  /** When kafkajs gives up a connection that is not there yet. */
  readonly connectTimeoutMs: number;
  /** Its files are read again for each connection: certificates end, and are replaced. Undefined: no encryption. */
  readonly tls: KafkaTls | undefined;
  /** Default: as this machine resolves names. */
  readonly lookup?: LookupFunction;
}

const keepAliveMs = 60_000;
/** So long before kafkajs gives up, and then says nothing of the name. */
const marginMs = 100;

/** A name service that is slow is not a broker that is away. */
const giveUpUnresolved = (socket: Socket, host: string, { clock, connectTimeoutMs }: SocketOptions): void => {
  const known = new AbortController();
  for (const event of ['lookup', 'connect', 'close']) socket.once(event, () => known.abort());
  const patienceMs = Math.max(0, connectTimeoutMs - marginMs);
  void clock.sleep(patienceMs, known.signal).then(() => {
    if (known.signal.aborted) return;
    const error = new Error(`no answer came for the name ${host} within ${patienceMs} ms`);
    socket.destroy(Object.assign(error, { code: unresolvedCode }));
  });
};

/** As kafkajs's own, without Nagle's delay, since requests are small and somebody waits for each; and with answers in one piece. */
const openSocket = (options: SocketOptions, { host, port, onConnect }: SocketRequest): Socket => {
  const isName = isIP(host) === 0;
  const lookup = options.lookup === undefined ? {} : { lookup: options.lookup };
  // Also an option of `tls.connect`, which its types do not know.
  const place: NetConnectOpts = { host, port, ...lookup, onread: readAnswers((bytes) => socket.emit('data', bytes)) };
  const named = isName ? { servername: host } : {};
  const { tls } = options;
  const socket: Socket =
    tls === undefined ? connectPlain(place, onConnect) : connectSecure({ ...place, ...named, ...readTls(tls) }, onConnect);
  socket.setKeepAlive(true, keepAliveMs);
  socket.setNoDelay(true);
  if (isName) giveUpUnresolved(socket, host, options);
  return socket;
};

/** Sockets of one client, so that they end with it. @throws Failure `fatal` `transport.tls-file` */
export const makeSockets = (options: SocketOptions) => {
  if (options.tls !== undefined) checkTls(options.tls);
  const open = new Set<Socket>();
  let isOver = false;
  const gone = (): Error => new Error('the connection was closed');
  return {
    open: (request: SocketRequest): Socket => {
      const socket = openSocket(options, request);
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      // With an error, since kafkajs does not hear of anything else.
      if (isOver) setImmediate(() => socket.destroy(gone()));
      return socket;
    },
    /** @param disconnecting - kafkajs, which waits for answers that may never come */
    closeWith: async (disconnecting: Promise<void>): Promise<void> => {
      await forAWhile(options.clock, disconnecting);
      isOver = true;
      for (const socket of open) socket.destroy(gone());
      await forAWhile(options.clock, disconnecting);
    },
  };
};
