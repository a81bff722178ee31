import type { Broker, WireRequest } from 'kafkajs/src/cluster/index.js';

/** A request as kafka.apache.org/protocol has it. */
export interface WireCall<Response> {
  /** The bytes behind the header. */
  readonly encode: () => Buffer;
  readonly decode: (raw: Buffer) => Response;
}

/** Over the broker's own connection: kafkajs has one for fetches, which may wait there, and one for the rest. */
export const call = <Response>(
  broker: Broker,
  [apiName, apiKey, apiVersion]: readonly [apiName: string, apiKey: number, apiVersion: number],
  work: WireCall<Response>,
): Promise<Response> => {
  const request: WireRequest<Response> = {
    request: {
      apiKey,
      apiVersion,
      apiName,
      encode: async () => {
        const buffer = work.encode();
        return { buf: buffer, buffer };
      },
    },
    response: { decode: async (raw) => work.decode(raw), parse: async (response) => response },
  };
  return broker.connectionPool.send(request);
};

/** Whether the broker knows a version of a request; kafkajs has asked it when it connected. */
export const supports = ({ versions }: Broker, apiKey: number, apiVersion: number): boolean =>
  (versions?.[apiKey]?.maxVersion ?? 0) >= apiVersion;
