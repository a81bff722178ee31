import { decodeRawRange } from '@dsf/messages';
import type { Transport } from '@dsf/ports';
import { noHandover, topics } from '@dsf/runtime';
import type { Installation } from '@dsf/wiring';
import { afterEach, describe, expect, it } from 'vitest';
import { utf8 } from './hostile/inputs.ts';
import { readFailures } from './hostile/outcomes.ts';
import { startPipeline, type Pipeline, type PipelineOptions } from './hostile/pipeline.ts';

const mebibyte = 1024 * 1024;
const definitions = {
  sources: [{ name: 'hostile', partitions: 2 }],
  drivers: [{ name: 'kinds', inputs: [{ source: 'hostile' }], key: { kind: 'kind' }, measures: { messages: 'count', latest: 'max(id)' } }],
  publications: [{ name: 'kinds', driver: 'kinds' }],
};
/** Messages that warm everything up, and then twice as many: how many there are must not show. */
const count = 80;

const text = 'x'.repeat(mebibyte);
/** Every third is not JSON, so that the way of failures is measured too. */
const body = (id: number): Uint8Array => utf8(`{"id":${id},"kind":"k${id % 5}","text":"${text}"${id % 3 === 0 ? '' : '}'}`);

/** The most memory that this process has while `work` runs, bytes. */
const peakWhile = async (work: () => Promise<unknown>): Promise<number> => {
  let peak = process.memoryUsage.rss();
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return Math.max(peak, process.memoryUsage.rss());
};

const stream = async (pipeline: Pipeline, from: number, count: number): Promise<void> => {
  for (let id = from; id < from + count; id += 1) {
    await pipeline.send('hostile', [{ partition: id % 2, key: null, headers: [], body: body(id) }]);
  }
  await pipeline.settle();
};

/** A broker that loses what ingest sends of records, with their bodies or without: where it stands, and the rows, are all that is left. */
const forgetful = (installation: Installation): Installation => {
  const { internal } = installation;
  const lossy: Transport = {
    ...internal,
    send: (topic, messages) =>
      internal.send(topic, topic === topics.raw ? messages.filter(({ body }) => decodeRawRange(body).items?.length === 0) : messages),
  };
  return { ...installation, internal: lossy, handover: noHandover };
};

/**
 * How much higher the peak is over the second part of a stream than over the first, bytes. One copy of each message, kept, would be its whole
 * size; when garbage is collected makes some 70 MB of difference.
 */
const growthOver = async (pipeline: Pipeline): Promise<number> => {
  await pipeline.installation.local.ensureTopic('hostile', 2);
  const first = await peakWhile(() => stream(pipeline, 0, count));
  const second = await peakWhile(() => stream(pipeline, count, 2 * count));
  return second - first;
};

const expectAllCounted = async ({ installation }: Pipeline): Promise<void> => {
  const { rows } = await installation.warehouse.inspect.query('select sum(messages) from kinds', 1);
  expect(rows).toEqual([[2 * count]]);
  expect(await readFailures(installation, 'flatten')).toHaveLength(count);
};

const running: Pipeline[] = [];
const start = async (options: PipelineOptions): Promise<Pipeline> => {
  const pipeline = await startPipeline(definitions, options);
  running.push(pipeline);
  return pipeline;
};
afterEach(async () => {
  for (const pipeline of running.splice(0)) await pipeline.stop();
});

describe('memory', () => {
  it('does not grow with the number of 1 MB messages', async () => {
    const pipeline = await start({});
    const growth = await growthOver(pipeline);
    await expectAllCounted(pipeline);
    expect(growth).toBeLessThan(2 * count * mebibyte);
  }, 600_000);

  it('does not grow with the number of 1 MB messages that have to be read from rows, because their ranges were lost', async () => {
    const pipeline = await start({ around: forgetful });
    const growth = await growthOver(pipeline);
    await expectAllCounted(pipeline);
    expect(pipeline.events.filter(({ name }) => name === 'refill').length).toBeGreaterThan(10);
    expect(growth).toBeLessThan(2 * count * mebibyte);
  }, 600_000);
});
