import { Metadata, status } from '@grpc/grpc-js';

/** An error as gRPC sends it. */
interface Refusal extends Error {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

export const refusal = (code: number, details: string, metadata: Metadata = new Metadata()): Refusal =>
  Object.assign(new Error(details), { code, details, metadata });

/** Field of a protocol buffer that holds bytes: https://protobuf.dev/programming-guides/encoding/ */
const field = (number: number, content: string | Uint8Array): Uint8Array => {
  const bytes = Buffer.from(content);
  const size: number[] = [];
  for (let rest = bytes.byteLength; ; rest >>>= 7) {
    size.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...size]), bytes]);
};

/**
 * How the service answers ids that are not valid any more on a subscription of exactly-once delivery: google.rpc.Status with a
 * google.rpc.ErrorInfo that has an entry per id; the others of the request were acknowledged.
 */
export const invalidAckIds = (ids: readonly string[]): Refusal => {
  const entries = ids.map((id) => field(3, Buffer.concat([field(1, id), field(2, 'PERMANENT_FAILURE_INVALID_ACK_ID')])));
  const info = Buffer.concat([field(1, 'SOME_ACK_IDS_INVALID'), field(2, 'pubsub.googleapis.com'), ...entries]);
  const any = Buffer.concat([field(1, 'type.googleapis.com/google.rpc.ErrorInfo'), field(2, info)]);
  const text = 'Some acknowledgement ids in the request were invalid.';
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.concat([Buffer.from([8, status.FAILED_PRECONDITION]), field(2, text), field(3, any)]));
  return refusal(status.FAILED_PRECONDITION, text, metadata);
};
