import { createServer, type AddressInfo, type Socket } from 'node:net';
import { gatherAnswers } from '../whole-answers.ts';
import { stringSize, writeWire } from '../wire-writer.ts';

/** Speaks Kafka over sockets, as far as clients ask what there is: one topic "t" with one partition. */
export interface MetadataBroker {
  /** `host:port` to begin with. */
  readonly address: string;
  /** Whether it answers; connections it takes all the same. */
  answers: boolean;
  readonly close: () => Promise<void>;
}

const [metadataKey, versionsKey] = [3, 18];
const noError = 0;

/** The first versions of both requests will do. */
const writeVersions = (): Buffer => {
  const writer = writeWire(2 + 4 + 2 * 6 + 4);
  writer.int16(noError).int32(2);
  for (const key of [metadataKey, versionsKey]) writer.int16(key).int16(0).int16(1);
  return writer.int32(0).finish();
};

/** @param advertised - `host:port` of the only broker, which leads the partition */
const writeMetadata = (advertised: string): Buffer => {
  const [host = '', port] = advertised.split(':');
  const writer = writeWire(4 + 4 + stringSize(host) + 4 + 2 + 4 + 4 + 2 + stringSize('t') + 1 + 4 + 2 + 4 + 4 + 8 + 8);
  const node = 7;
  writer.int32(1).int32(node).string(host).int32(Number(port)).int16(-1).int32(node);
  writer.int32(1).int16(noError).string('t').int8(0);
  return writer.int32(1).int16(noError).int32(0).int32(node).int32(1).int32(node).int32(1).int32(node).finish();
};

/** @param advertised - `host:port` that it gives for itself. Default: where it is */
export const startMetadataBroker = async (advertised?: string): Promise<MetadataBroker> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const take = gatherAnswers((request) => {
      if (!self.answers) return;
      // Behind its length stand what it asks for, in which version, and the number of the request.
      const answer = request.readInt16BE(4) === versionsKey ? writeVersions() : writeMetadata(advertised ?? self.address);
      socket.write(
        writeWire(8 + answer.length)
          .int32(4 + answer.length)
          .int32(request.readInt32BE(8))
          .bytes(answer)
          .finish(),
      );
    });
    socket.on('data', take);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const self: MetadataBroker = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers: true,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<unknown>((resolve) => void server.close(resolve));
    },
  };
  return self;
};
