/**
 * The benchmark: floors and arrangements in turn, each in a process of its own, on the same stream.
 * `npm run bench -- --help` says what it takes.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeTemplate, measureFloor, measurePhases, measureWhole, type Figure, type Stream } from './arrangements.ts';
import { inFolder } from './home.ts';
import { measureKafka } from './kafka.ts';
import { measureLatency, type Latency } from './latency.ts';
import { makeStream } from './reference-stream.ts';
import { mssqlTestServer } from '../../libs/testing/src/mssql/test-server.ts';
import { measureSqlServer, serverRecords, serverText, type ServerFigure } from './sql-server.ts';
import { compareText, makeResult, toText, writeResult } from './report.ts';

const usage = `Usage: npm run bench -- [options]

  --records N       orders in the stream (200000); 20000 is the short form
  --rounds N        repeat everything, take medians (1)
  --only WORDS      of: phases,one,two,four,kafka,latency,mssql (all); two: one process with two workers;
                    kafka: ingest reads the stream five times over; mssql: on the server that
                    DSF_TEST_MSSQL_URL names, three times as many orders, at most 600,000
  --latency-seconds N  how long to send for the latency (10); 600 shows whether memory grows
  --json FILE       write the result for machines
  --compare FILE    hold the result against an earlier one
  --profile FOLDER  leave CPU profiles of every process there`;

const latencyPerSecond = 1000;
const warmRecords = 2000;

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '1' },
    only: { type: 'string', default: 'phases,one,two,four,kafka,latency,mssql' },
    'latency-seconds': { type: 'string', default: '10' },
    json: { type: 'string' },
    compare: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const countOf = (text: string, option: string): number => {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`--${option} takes a whole number above 0, not "${text}"`);
};

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Floors stand next to what is held against them, so that both meet the same moment of the machine. */
const runRound = async (stream: Stream, only: ReadonlySet<string>, profile: string | null): Promise<readonly Figure[]> =>
  inFolder(async (folder) => {
    const like = await makeTemplate(folder, stream);
    const figures: Figure[] = [];
    const floor = async (kind: 'whole' | 'raw' | 'flat', turn: string): Promise<void> => {
      say(`floor: ${kind}`);
      figures.push(await measureFloor(join(folder, `floor ${kind} ${turn}`), stream, { floor: kind, like, profile }));
    };
    if (only.has('phases')) {
      await floor('raw', 'before');
      await floor('flat', 'before');
      say('each phase alone');
      figures.push(...(await measurePhases(folder, stream, profile)));
      await floor('raw', 'after');
      await floor('flat', 'after');
    }
    for (const [word, processes, workers] of [
      ['one', 1, 1],
      ['two', 1, 2],
      ['four', 4, 1],
    ] as const) {
      if (!only.has(word)) continue;
      await floor('whole', word);
      say(`all phases: ${word}`);
      figures.push(await measureWhole(folder, stream, { processes, workers, profile }));
    }
    if (only.has('one') || only.has('two') || only.has('four')) await floor('whole', 'after');
    if (only.has('kafka')) figures.push(...(await measureKafka(folder, stream, { like, profile, environment: process.env, say })));
    return figures;
  });

const runLatencies = async (seconds: number): Promise<readonly Latency[]> => {
  const { messages } = makeStream(warmRecords + seconds * latencyPerSecond);
  const parts = { warm: messages.slice(0, warmRecords), timed: messages.slice(warmRecords) };
  const latencies: Latency[] = [];
  for (const processes of [1, 4] as const) {
    say(`latency: ${processes === 1 ? 'one process' : 'four processes'}`);
    latencies.push(await inFolder((folder) => measureLatency(folder, parts, { processes, perSecond: latencyPerSecond })));
  }
  return latencies;
};

/** Null without a server. */
const runServer = async (records: number): Promise<readonly ServerFigure[] | null> => {
  const server = mssqlTestServer(process.env);
  if (server === null) return null;
  say('SQL Server: ingest and flatten alone, then the floors');
  return measureSqlServer(server, makeStream(serverRecords(records)));
};

const main = async (): Promise<void> => {
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const only = new Set(values.only.split(','));
  const stream = makeStream(countOf(values.records, 'records'));
  const figures: Figure[] = [];
  for (let round = countOf(values.rounds, 'rounds'); round > 0; round -= 1)
    figures.push(...(await runRound(stream, only, values.profile ?? null)));
  const latencies = only.has('latency') ? await runLatencies(countOf(values['latency-seconds'], 'latency-seconds')) : [];
  const server = only.has('mssql') ? await runServer(countOf(values.records, 'records')) : null;
  if (server !== null) process.stdout.write(`${serverText(server)}\n\n`);
  else if (values.only === 'mssql') throw new Error('DSF_TEST_MSSQL_URL names no server');
  if (figures.length === 0 && latencies.length === 0) return;
  const result = makeResult(figures, latencies, stream.totals);
  if (values.json !== undefined) writeResult(values.json, result);
  process.stdout.write(`${toText(result)}\n`);
  if (values.compare !== undefined) process.stdout.write(`\n${compareText(result, values.compare)}\n`);
};

await main();
process.exit(0);
