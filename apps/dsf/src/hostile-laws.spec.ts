import { hash } from 'node:crypto';
import { unflatten } from '@dsf/phase-flatten';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arbitraryPayload } from './hostile/arbitrary-payload.ts';
import { formOfText } from './hostile/normal-form.ts';
import { readOutcomes, readRaw } from './hostile/outcomes.ts';
import { startPipeline, type Pipeline } from './hostile/pipeline.ts';

/** The short form; `DSF_TEST_BATCHES=200` runs the long one. */
const batches = Number(process.env['DSF_TEST_BATCHES'] ?? 12);

const sources = ['plain', 'shaped'];

const definitions = {
  sources: [
    { name: 'plain', partitions: 1 },
    { name: 'shaped', partitions: 1, paths: { a: 'map', b: 'json', items: 'child_scalar', '*.a': 'child', c: 'map' } },
  ],
  drivers: sources.map((source) => ({ name: `${source}_roots`, inputs: [{ source }], key: {}, measures: { roots: 'count' } })),
};

/** What must become of a payload, by the platform's own decoder and parser. */
const expectedOf = (payload: Uint8Array | null): { readonly kind: string; readonly code?: string; readonly form?: string } => {
  if (payload === null) return { kind: 'filtered' };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch {
    return { kind: 'failed', code: 'flatten.not-utf8' };
  }
  try {
    return { kind: 'row', form: formOfText(text) };
  } catch {
    return { kind: 'failed', code: text.trim() === '' ? 'flatten.empty' : 'flatten.not-json' };
  }
};

/** Rows in the root table: one per item of a list that is the message. */
const rootsOf = (payload: Uint8Array | null): number => {
  if (expectedOf(payload).kind !== 'row' || payload === null) return 0;
  const message = JSON.parse(new TextDecoder().decode(payload)) as unknown;
  if (!Array.isArray(message) || message.length === 0) return 1;
  return message.reduce<number>((sum, item) => sum + (Array.isArray(item) ? Math.max(1, item.length) : 1), 0);
};

let pipeline: Pipeline;
const sent: (Uint8Array | null)[] = [];

beforeAll(async () => {
  pipeline = await startPipeline(definitions);
  for (const topic of sources) await pipeline.installation.local.ensureTopic(topic, 1);
});
afterAll(() => pipeline.stop());

const send = async (payloads: readonly (Uint8Array | null)[]): Promise<void> => {
  const messages = payloads.map((body) => ({ partition: 0, key: null, headers: [], body }));
  for (const topic of sources) await pipeline.send(topic, messages);
  sent.push(...payloads);
};

const expectLaws = async (): Promise<void> => {
  const status = await pipeline.settle();
  const expected = sent.map(expectedOf);
  const of = (kind: string): number => expected.filter((each) => each.kind === kind).length;
  for (const source of sources) {
    const raw = await readRaw(pipeline.installation, source, 0);
    expect(raw.map(({ payload }) => payload && hash('sha256', payload))).toEqual(sent.map((body) => body && hash('sha256', body)));
    const outcomes = await readOutcomes(pipeline.installation, unflatten, { source, partition: 0 });
    expect(outcomes.map((outcome) => (outcome.kind === 'failed' ? { kind: outcome.kind, code: outcome.code } : outcome))).toEqual(expected);
    const phases = status.sources.find(({ name }) => name === source)?.phases;
    const [ingest, flatten] = [phases?.find(({ phase }) => phase === 'ingest'), phases?.find(({ phase }) => phase === 'flatten')];
    expect(ingest).toMatchObject({ received: sent.length, written: sent.length, absent: 0 });
    expect(flatten).toMatchObject({ received: sent.length, written: of('row'), failed: of('failed'), filtered: of('filtered') });
    const { rows } = await pipeline.installation.warehouse.inspect.query(`select roots from ${source}_roots`, 2);
    const roots = sent.reduce((sum, payload) => sum + rootsOf(payload), 0);
    expect(rows).toEqual(roots === 0 ? [] : [[roots]]);
  }
};

describe('whatever is sent', () => {
  it('is stored to the byte, accounted for in each phase, counted once, and comes back from its rows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryPayload, { minLength: 20, maxLength: 60 }), async (payloads) => {
        await send(payloads);
        await expectLaws();
      }),
      { numRuns: batches, endOnFailure: true },
    );
    expect(sent.length).toBeGreaterThanOrEqual(20 * batches);
    expect(pipeline.events.filter(({ name }) => name === 'stopped')).toEqual([]);
  }, 600_000);
});
