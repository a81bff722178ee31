import type { Broker, WireRequest } from 'kafkajs/src/cluster/index.js';

/** A request as kafka.apache.org/protocol has it. */
export interface WireCall<Response> {
  /** The bytes behind the header. */
  readonly encode: () => Buffer;
  readonly decode: (raw: Buffer) => Response;
}

/** Over the broker's own connection: kafkajs has one for fetches, which may wait there, and one for the rest. */
export const call = async <Response>(
  broker: Broker,
  [apiName, apiKey, apiVersion]: readonly [apiName: string, apiKey: number, apiVersion: number],
  work: WireCall<Response>,
): Promise<Response> => {
  // In an object of its own: kafkajs looks for its own fields in what was decoded.
  const request: WireRequest<{ readonly decoded: Response }> = {
    request: {
      apiKey,
      apiVersion,
      apiName,
      encode: async () => {
        const buffer = work.encode();
        return { buf: buffer, buffer };
      },
    },
    response: { decode: async (raw) => ({ decoded: work.decode(raw) }), parse: async (response) => response },
  };
  const { decoded } = await broker.connectionPool.send(request);
  return decoded;
};

/** Whether the broker knows a version of a request; kafkajs has asked it when it connected. */
export const supports = ({ versions }: Broker, apiKey: number, apiVersion: number): boolean =>
  (versions?.[apiKey]?.maxVersion ?? 0) >= apiVersion;
