import { counter, gauge, histogram, long, short, type MetricDeclaration } from './metric-declaration.ts';

/** What each phase counts as a record: ingest and flatten records, summarise points, publish changes of groups. */
const flow = {
  received: counter({
    name: 'dsf_records_received_total',
    help: 'Records that a phase took: ingest and flatten records, summarise points, publish changes of groups; duplicates apart',
    unit: 'records',
    labels: ['phase'],
    look: 'it stands still',
  }),
  records: counter({
    name: 'dsf_records_total',
    help: 'Records that a phase has dealt with, by what became of them',
    unit: 'records',
    labels: ['phase', 'outcome'],
    look: '`failed` rises',
  }),
  refusals: counter({
    name: 'dsf_refusals_total',
    help: 'Records stored as failures, by code',
    unit: 'records',
    labels: ['phase', 'code'],
    look: 'it rises',
  }),
  receivedBytes: counter({
    name: 'dsf_received_bytes_total',
    help: 'Bytes of the bodies of the messages that were read',
    unit: 'bytes',
    labels: ['phase'],
    look: '',
  }),
  writtenBytes: counter({
    name: 'dsf_written_bytes_total',
    help: 'Bytes of the payloads of the records that were stored or flattened, of the keys, measures and states of the groups that were stored, and of the documents that were published',
    unit: 'bytes',
    labels: ['phase'],
    look: '',
  }),
  sentBytes: counter({
    name: 'dsf_sent_bytes_total',
    help: 'Bytes of the messages that the transport has confirmed',
    unit: 'bytes',
    labels: ['phase'],
    look: '',
  }),
  sent: counter({
    name: 'dsf_messages_sent_total',
    help: 'Messages that the transport has confirmed',
    unit: 'messages',
    labels: ['phase'],
    look: '',
  }),
  accounting: gauge({
    name: 'dsf_accounting_difference_records',
    help: 'Received minus written, failed and filtered, since the process started; must be 0',
    unit: 'records',
    labels: ['phase'],
    look: 'not 0: a record was lost or counted twice; a defect',
  }),
  positionDifference: gauge({
    name: 'dsf_position_difference_records',
    help: 'Offsets that the committed positions cover minus written, failed, filtered and absent ones; ingest and flatten; must be 0',
    unit: 'records',
    labels: ['phase', 'source'],
    read: true,
    look: 'not 0: a record was lost or counted twice; a defect',
  }),
} as const;

const time = {
  batchSeconds: histogram({
    name: 'dsf_batch_duration_seconds',
    help: 'Time from the batch being there to its ranges being sent',
    unit: 'seconds',
    labels: ['phase'],
    look: 'the tail grows',
    buckets: short,
  }),
  batchRecords: histogram({
    name: 'dsf_batch_records',
    help: 'Records in one transaction',
    unit: 'records',
    labels: ['phase'],
    look: 'at its upper end: the service is at its limit',
    buckets: [1, 5, 10, 50, 100, 500, 1000, 2000, 5000, 10_000],
  }),
  stageSeconds: histogram({
    name: 'dsf_stage_duration_seconds',
    help: 'Time of one part of the work on a batch: receive (with the wait for messages), decide, write, send, ack',
    unit: 'seconds',
    labels: ['phase', 'stage'],
    look: 'which part a slow batch spends its time in',
    buckets: short,
  }),
  latency: histogram({
    name: 'dsf_end_to_end_latency_seconds',
    help: 'Time from the source timestamp of the newest record behind a batch of documents to the output topic having them',
    unit: 'seconds',
    labels: [],
    look: 'the tail grows; recorded by the publisher',
    buckets: long,
  }),
  lagRecords: gauge({
    name: 'dsf_lag_records',
    help: 'Records not dealt with, most over the partitions; publish: revisions',
    unit: 'records',
    labels: ['phase', 'source'],
    read: true,
    look: 'it rises',
  }),
  backlog: gauge({
    name: 'dsf_backlog_records',
    help: 'Records not dealt with, sum over the partitions; publish: revisions. What autoscaling goes by',
    unit: 'records',
    labels: ['phase', 'source'],
    read: true,
    look: 'it rises',
  }),
  lagSeconds: gauge({
    name: 'dsf_lag_seconds',
    help: 'How far a phase is behind its source in time, most over the partitions; 0 when it has everything',
    unit: 'seconds',
    labels: ['phase', 'source'],
    read: true,
    look: 'it rises',
  }),
  oldest: gauge({
    name: 'dsf_oldest_unprocessed_seconds',
    help: 'How long the oldest record that a phase has not dealt with has been waiting for it; 0 when it has everything',
    unit: 'seconds',
    labels: ['phase'],
    read: true,
    look: 'it rises without end: the phase stands still',
  }),
} as const;

const delivery = {
  refills: counter({
    name: 'dsf_refills_total',
    help: 'Gaps that were filled from committed rows; 0 in health',
    unit: 'events',
    labels: ['phase'],
    look: 'it rises without restarts',
  }),
  refilled: counter({
    name: 'dsf_refilled_offsets_total',
    help: 'Offsets in those gaps',
    unit: 'offsets',
    labels: ['phase'],
    look: '',
  }),
  foldBytes: counter({
    name: 'dsf_fold_scanned_bytes_total',
    help: 'Bytes scanned by statements that fold all groups of a driver again, which is what BigQuery charges for',
    unit: 'bytes',
    labels: [],
    look: '',
  }),
  retries: counter({
    name: 'dsf_retries_total',
    help: 'Attempts that failed and were repeated, by the code of the failure',
    unit: 'events',
    labels: ['phase', 'code'],
    look: 'one code rises for minutes',
  }),
  breakers: gauge({
    name: 'dsf_breakers_open',
    help: 'Lanes of a source whose attempts fail one after the other, so that they wait and probe; flatten and summarise by the topic they read, publish by publication',
    unit: 'lanes',
    labels: ['phase', 'source'],
    look: 'not 0 for minutes: what it depends on is away',
  }),
  breakerOpenings: counter({
    name: 'dsf_breaker_openings_total',
    help: 'Times that a breaker opened',
    unit: 'events',
    labels: ['phase', 'source'],
    look: 'it rises: something comes and goes',
  }),
  lanes: gauge({
    name: 'dsf_lanes_owned',
    help: 'Lanes that this process works on',
    unit: 'lanes',
    labels: ['phase'],
    look: 'the sum over replicas is below the number of lanes',
  }),
  rebalances: counter({
    name: 'dsf_rebalances_total',
    help: 'Lanes that were given to this process, and that it left',
    unit: 'events',
    labels: ['phase', 'change'],
    look: 'it rises without a change of replicas',
  }),
  lanesLost: counter({
    name: 'dsf_lanes_lost_total',
    help: 'Times that somebody else had written to a lane of ours',
    unit: 'events',
    labels: ['phase'],
    look: 'it rises without a change of replicas',
  }),
  requests: counter({
    name: 'dsf_requests_total',
    help: 'Requests that lanes have carried out',
    unit: 'events',
    labels: ['phase', 'kind'],
    look: '',
  }),
} as const;

const data = {
  groups: counter({
    name: 'dsf_groups_changed_total',
    help: 'Changes of groups by why they changed; of windows that had not ended (`open`) or had (`ended`) by the wall clock when the change was committed, whatever the time of the data, and of drivers without a window (`running`)',
    unit: 'groups',
    labels: ['reason', 'window'],
    look: '`ended` rises: data comes late, or old data is read; `correction` rises',
  }),
  tables: counter({
    name: 'dsf_schema_tables_total',
    help: 'Tables added to the flat schema',
    unit: 'events',
    labels: [],
    look: 'it never stops rising: keys of a message are data; use the policy `map` or `json`',
  }),
  columns: counter({
    name: 'dsf_schema_columns_total',
    help: 'Columns added to the flat schema',
    unit: 'events',
    labels: [],
    look: 'as above',
  }),
  openFailures: gauge({
    name: 'dsf_failures_open',
    help: 'Failures stored and not resolved, all phases together',
    unit: 'records',
    labels: [],
    read: true,
    look: 'it rises',
  }),
  openRequests: gauge({
    name: 'dsf_requests_open',
    help: 'Replays, recomputes and rebuilds not yet carried out',
    unit: 'events',
    labels: [],
    read: true,
    look: 'it does not come down',
  }),
} as const;

const database = {
  databaseSeconds: histogram({
    name: 'dsf_database_operation_duration_seconds',
    help: 'Time of one operation of the database, by how it ended',
    unit: 'seconds',
    labels: ['operation', 'result'],
    look: 'the tail of `transact` grows',
    buckets: short,
  }),
  databaseRetries: counter({
    name: 'dsf_database_retries_total',
    help: 'Database operations that will be tried again, by code',
    unit: 'events',
    labels: ['code'],
    look: 'one code rises for minutes',
  }),
  pool: gauge({
    name: 'dsf_database_pool_connections',
    help: 'Connections of the pool by state: used, idle, waiting (requests for one) and the most there may be; absent where there is no pool',
    unit: 'connections',
    labels: ['state'],
    read: true,
    look: '`waiting` is not 0 for minutes',
  }),
} as const;

const service = {
  catalogVersion: gauge({
    name: 'dsf_catalog_version',
    help: 'Version of the definitions that the plan in force was made from',
    unit: 'version',
    labels: ['phase'],
    look: 'replicas differ for long',
  }),
  reloadFailures: counter({
    name: 'dsf_catalog_reload_failures_total',
    help: 'Times that a version of the definitions could not be asked for or loaded; the last good one stays in force',
    unit: 'events',
    labels: ['phase', 'code'],
    look: 'it rises',
  }),
  ready: gauge({ name: 'dsf_ready', help: '1 while the phase is ready', unit: '1', labels: ['phase'], look: '0' }),
  stops: counter({
    name: 'dsf_stops_total',
    help: 'Sources, lanes or services that stopped because a person must act, by code',
    unit: 'events',
    labels: ['phase', 'code'],
    look: 'not 0',
  }),
  stopped: gauge({
    name: 'dsf_stopped',
    help: 'Sources and services that stand stopped in this process until a person acts and it is restarted',
    unit: '1',
    labels: ['phase'],
    look: 'not 0',
  }),
  readingSeconds: gauge({
    name: 'dsf_reading_duration_seconds',
    help: 'Time that the last reading of lag and positions took',
    unit: 'seconds',
    labels: [],
    read: true,
    look: 'near the scrape timeout',
  }),
} as const;

/** Every metric of DSF. Base units; labels are bounded: never ids, offsets, keys or messages. docs/metrics.md is made from this. */
export const declarations = { ...flow, ...time, ...delivery, ...data, ...database, ...service } as const satisfies Readonly<
  Record<string, MetricDeclaration>
>;

export type MetricKey = keyof typeof declarations;
