import pino, { type DestinationStream, type Logger } from 'pino';

export interface LoggerOptions {
  /** `trace` to `fatal`, or `silent`. */
  readonly level: string;
  /** Name of the process, on every line. */
  readonly service: string;
  /** Default: stderr, so that stdout stays free for what a command answers. */
  readonly destination?: DestinationStream;
}

/** One JSON object per line, with the level as a word and the time as RFC 3339. */
export const createLogger = ({ level, service, destination }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
    },
    // Synchronous: the last lines before a crash are the ones that matter.
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
