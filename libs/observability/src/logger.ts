import pino, { type DestinationStream, type Logger } from 'pino';
import { traceFacts } from './tracer.ts';

export interface LoggerOptions {
  /** `trace` to `fatal`, or `silent`. */
  readonly level: string;
  /** Name of the process, on every line. */
  readonly service: string;
  /** Default: stderr, so that stdout stays free for what a command answers. */
  readonly destination?: DestinationStream;
}

/** Nothing of ours logs these; what a driver hands up in an error or a fact might. */
const secretNames = ['password', 'token', 'secret', 'clientSecret', 'authorization', 'payload', 'body'];
const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** An error without whatever its driver has hung onto it. */
const describeError = (error: unknown) =>
  error instanceof Error
    ? { type: error.name, message: error.message, stack: error.stack, ...('code' in error ? { code: error.code } : {}) }
    : { type: typeof error, message: String(error) };

/** One JSON object per line, with the level as a word and the time as RFC 3339. */
export const createLogger = ({ level, service, destination }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      mixin: traceFacts,
      redact: { paths: secretPaths, censor: '[redacted]' },
      serializers: { err: describeError },
      formatters: { level: (label) => ({ level: label }) },
    },
    // Synchronous: the last lines before a crash are the ones that matter.
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
