import { internalSettings } from './internal-settings.ts';
import { bytes, choice, duration, integer, optional, text } from './setting.ts';

/** What all processes share. */
export const commonSettings = {
  home: text({ variable: 'DSF_HOME', fallback: './.dsf', about: 'Folder of the embedded default: databases and the local log.' }),
  logLevel: choice({
    variable: 'DSF_LOG_LEVEL',
    words: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    fallback: 'info',
    about: 'Least important log lines to write.',
  }),
  measures: optional(
    text({
      variable: 'DSF_MEASURES',
      about:
        'Modules with custom measures: paths of JavaScript files, separated by commas. Set it for the summariser and where `dsf apply` runs.',
    }),
  ),
  ...internalSettings,
} as const;

export interface ServiceDefaults {
  /** First part of the variables' names: `INGESTOR`; `DSF` for all phases in one process. */
  readonly prefix: string;
  readonly httpPort: number;
  /** Default of `_BATCH_BYTES_MAX`. */
  readonly bytesMax: string;
}

/** A range is as large as the batch that it was made of, so that one or two fill a transaction; more would only wait, decoded, in memory. */
const rangeBytesMax = '1MB';
const sourceBytesMax = '4MB';

const httpSettings = ({ prefix, httpPort }: ServiceDefaults) => ({
  httpPort: integer({
    variable: `${prefix}_HTTP_PORT`,
    min: 0,
    max: 65_535,
    fallback: `${httpPort}`,
    about: 'Port of /startup, /live, /ready and /metrics; 0 takes any that is free.',
  }),
  httpHost: text({ variable: `${prefix}_HTTP_HOST`, fallback: '0.0.0.0', about: 'Address on which that port listens.' }),
});

const batchSettings = ({ prefix, bytesMax }: ServiceDefaults) => ({
  recordsMax: integer({
    variable: `${prefix}_BATCH_RECORDS_MAX`,
    min: 1,
    max: 10_000,
    fallback: '2000',
    about: 'Most records in one transaction.',
  }),
  bytesMax: bytes({
    variable: `${prefix}_BATCH_BYTES_MAX`,
    min: 1000,
    max: 256_000_000,
    fallback: bytesMax,
    about: 'Most bytes read from a topic at once; one larger message is still read alone.',
  }),
  batchMsMax: duration({
    variable: `${prefix}_BATCH_TIME_MAX`,
    min: 10,
    max: 600_000,
    fallback: '3300ms',
    about:
      'What a batch should take at most: after one that took longer the next are smaller. The default is a third of the 10 s after which Kafka takes a silent member for dead.',
  }),
  waitMs: duration({
    variable: `${prefix}_BATCH_WAIT`,
    min: 1,
    max: 60_000,
    fallback: '200ms',
    about: 'How long a read waits for its first message.',
  }),
});

const pacingSettings = ({ prefix }: ServiceDefaults) => ({
  retryMinMs: duration({
    variable: `${prefix}_RETRY_MIN`,
    min: 1,
    max: 10_000,
    fallback: '20ms',
    about: 'First pause before another attempt; it doubles with each.',
  }),
  retryMaxMs: duration({
    variable: `${prefix}_RETRY_MAX`,
    min: 10,
    max: 60_000,
    fallback: '5s',
    about: 'Longest pause before another attempt; at most half of the two minutes after which /live takes a lane for hung.',
  }),
  breakerFailures: integer({
    variable: `${prefix}_BREAKER_FAILURES`,
    min: 2,
    max: 1000,
    fallback: '8',
    about: 'Failures in a row after which waiting is told as an open breaker. Nothing but what is told depends on it.',
  }),
  idleMs: duration({
    variable: `${prefix}_IDLE_HEARTBEAT`,
    min: 50,
    max: 60_000,
    fallback: '1s',
    about: 'How often an idle lane says where it stands.',
  }),
  catalogPollMs: duration({
    variable: `${prefix}_CATALOG_POLL`,
    min: 10,
    max: 60_000,
    fallback: '200ms',
    about: 'How often to look for a newly activated version of the metadata.',
  }),
  retentionCheckMs: duration({
    variable: `${prefix}_RETENTION_CHECK`,
    min: 1000,
    max: 86_400_000,
    fallback: '1h',
    about: 'How often flatten looks for rows that are older than their source keeps them.',
  }),
  groupsCachedMax: integer({
    variable: `${prefix}_GROUPS_CACHED_MAX`,
    min: 100,
    max: 10_000_000,
    fallback: '20000',
    about: 'Groups of one driver that summarise keeps in memory, over all lanes: about 4 KB each. Those that change now should fit.',
  }),
  drainMs: duration({
    variable: `${prefix}_DRAIN`,
    min: 0,
    max: 600_000,
    fallback: '10s',
    about: 'How long a service may go on with its batches after it was told to stop. Keep it below the grace period.',
  }),
});

/** Settings of one service; the names are those of the runtime's settings. */
const serviceSettings = (service: ServiceDefaults) => ({
  ...commonSettings,
  ...httpSettings(service),
  ...batchSettings(service),
  ...pacingSettings(service),
});

export const ingestorSettings = serviceSettings({ prefix: 'INGESTOR', httpPort: 8081, bytesMax: sourceBytesMax });
export const flattenerSettings = serviceSettings({ prefix: 'FLATTENER', httpPort: 8082, bytesMax: rangeBytesMax });
export const summariserSettings = serviceSettings({ prefix: 'SUMMARISER', httpPort: 8083, bytesMax: rangeBytesMax });
export const publisherSettings = serviceSettings({ prefix: 'PUBLISHER', httpPort: 8084, bytesMax: rangeBytesMax });
/** `dsf run`: all phases in one process. */
export const embeddedSettings = {
  ...serviceSettings({ prefix: 'DSF', httpPort: 8080, bytesMax: sourceBytesMax }),
  workers: integer({
    variable: 'DSF_WORKERS',
    min: 1,
    max: 64,
    fallback: '1',
    about: 'Threads of `dsf run`, each with all phases and its share of the lanes. More than there are cores make it slower.',
  }),
};
