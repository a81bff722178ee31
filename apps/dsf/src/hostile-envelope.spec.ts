import type { QueryCell } from '@dsf/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileEnvelopes, trustingBroker, type HostileEnvelope } from './hostile/envelopes.ts';
import { utf8 } from './hostile/inputs.ts';
import { readFailures, readRaw } from './hostile/outcomes.ts';
import { startPipeline, type Pipeline } from './hostile/pipeline.ts';
import { newestByKey, readAll } from './hostile/published.ts';

const hourMs = 3_600_000;
/** The farthest that `Date` knows. */
const timeMax = 8.64e15;

const definitions = {
  sources: [
    {
      name: 'hostile',
      partitions: 1,
      key: 'message_key',
      headers: { trace: 'trace', constructor: 'made_by', '': 'nameless', '\ufefftrace': 'marked' },
    },
  ],
  drivers: [
    { name: 'keys', inputs: [{ source: 'hostile' }], key: { key: 'dsf.key' }, measures: { messages: 'count' } },
    {
      name: 'hours',
      inputs: [{ source: 'hostile' }],
      key: {},
      window: { tumbling: '1h' },
      measures: { messages: 'count' },
    },
    { name: 'times', inputs: [{ source: 'hostile' }], key: { time: 'dsf.time' }, measures: { messages: 'count' } },
  ],
  publications: ['keys', 'hours', 'times'].map((name) => ({ name, driver: name })),
};

let pipeline: Pipeline;
const read = async (sql: string): Promise<readonly (readonly QueryCell[])[]> =>
  (await pipeline.installation.warehouse.inspect.query(sql, 10_000)).rows;

beforeAll(async () => {
  pipeline = await startPipeline(definitions, { around: trustingBroker('hostile', (offset) => hostileEnvelopes[offset]?.time ?? 0) });
  await pipeline.installation.local.ensureTopic('hostile', 1);
  await pipeline.send(
    'hostile',
    hostileEnvelopes.map(({ key, headers }, id) => ({ partition: 0, key, headers, body: utf8(`{"id":${id}}`) })),
  );
  await pipeline.settle();
}, 60_000);

afterAll(() => pipeline.stop());

/** Text where it is UTF-8, else `\x` and hexadecimal digits. */
const shown = (bytes: Uint8Array | null | undefined): string | null => {
  if (bytes === null || bytes === undefined) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `\\x${bytes.toHex()}`;
  }
};
const headerOf = ({ headers }: HostileEnvelope, name: string): string | null => shown(headers.findLast(([known]) => known === name)?.[1]);

describe('a hostile envelope', () => {
  it('is stored as it came', async () => {
    const raw = await readRaw(pipeline.installation, 'hostile', 0);
    expect(raw).toHaveLength(hostileEnvelopes.length);
    for (const [index, { key, headers, time, payload }] of raw.entries()) {
      const sent = hostileEnvelopes[index];
      expect({ time, key: key?.toHex() ?? null, payload: shown(payload) }).toEqual({
        // What no calendar has is brought to the nearest that one has.
        time: Math.min(Math.max(sent?.time ?? 0, -timeMax), timeMax),
        key: sent?.key?.toHex() ?? null,
        payload: `{"id":${index}}`,
      });
      expect(headers.map(([name, value]) => [name, value.toHex()])).toEqual(sent?.headers.map(([name, value]) => [name, value.toHex()]));
    }
  });

  it('fills the columns of key and headers, each by its own bytes', async () => {
    const rows = await read('select id, message_key, trace, made_by, nameless, marked from hostile order by _dsf_off');
    expect(rows).toEqual(
      hostileEnvelopes.map((envelope, id) => [
        id,
        shown(envelope.key),
        ...['trace', 'constructor', '', '\ufefftrace'].map((name) => headerOf(envelope, name)),
      ]),
    );
  });

  it('keeps every key apart as a group', async () => {
    const expected = new Map<string | null, number>();
    for (const { key } of hostileEnvelopes) expected.set(shown(key), (expected.get(shown(key)) ?? 0) + 1);
    expect(new Map((await read('select key, messages from keys')) as readonly (readonly [string, number])[])).toEqual(expected);
    expect(newestByKey(await readAll(pipeline.installation, 'keys')).size).toBe(expected.size);
  });

  it('counts a message in the hour of its time; a time that no calendar has is a failure of that point alone', async () => {
    const inCalendar = hostileEnvelopes.filter(({ time }) => time >= Date.UTC(-1, 12) && time < Date.UTC(9999, 12));
    const hours = new Map<number, number>();
    for (const { time } of inCalendar) {
      const start = Math.floor(time / hourMs) * hourMs;
      hours.set(start, (hours.get(start) ?? 0) + 1);
    }
    const documents = [...newestByKey(await readAll(pipeline.installation, 'hours')).values()].map(
      (body) => JSON.parse(body) as { readonly window: { readonly start: string }; readonly measures: { readonly messages: string } },
    );
    expect(new Map(documents.map(({ window, measures }) => [Date.parse(window.start), Number(measures.messages)]))).toEqual(hours);
    const failures = await readFailures(pipeline.installation, 'summarise');
    const strange = hostileEnvelopes.flatMap((envelope, offset) => (inCalendar.includes(envelope) ? [] : [offset]));
    expect(strange.length).toBeGreaterThan(4);
    expect(new Set(failures.map(({ offset }) => offset))).toEqual(new Set(strange));
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['summarise.event-time']));
  });

  it('stops nothing', async () => {
    expect(pipeline.events.filter(({ name }) => name === 'stopped')).toEqual([]);
    expect(await readFailures(pipeline.installation, 'flatten')).toEqual([]);
    expect(await readFailures(pipeline.installation, 'publish')).toEqual([]);
  });
});
