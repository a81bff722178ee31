import { Failure } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { asFailure, withBackoff } from './backoff.ts';
import { defaultSettings } from './settings.ts';
import { fakeContext } from './specs/fake-context.ts';

const away = new Failure('retry', 'transport.busy', 'the broker is away');
const settings = { ...defaultSettings, retryMinMs: 10, retryMaxMs: 60, breakerFailures: 3 };
const never = new AbortController().signal;

/** Fails so often, then gives its number of attempts. */
const failing = (times: number, failure: unknown = away) => {
  let attempts = 0;
  return async (): Promise<number> => {
    attempts += 1;
    if (attempts <= times) throw failure;
    return attempts;
  };
};

describe('backing off', () => {
  it('tries again with doubled pauses up to the longest, and tells each of them', async () => {
    const context = { ...fakeContext({ settings }), lane: 'flatten/1' };
    expect(await withBackoff(context, never, failing(5))).toBe(6);
    expect(context.pauses).toEqual([8, 15, 30, 45, 45]);
    const retries = context.events.filter(({ name }) => name === 'retry');
    expect(retries.map((event) => (event.name === 'retry' ? event.attempt : 0))).toEqual([1, 2, 3, 4, 5]);
    expect(retries[0]).toMatchObject({ lane: 'flatten/1', code: 'transport.busy', message: 'the broker is away' });
    expect(context.events.filter(({ name }) => name === 'beat')).toHaveLength(5);
  });

  it('spreads the pauses over half to the whole of what is due', async () => {
    const pauseOf = async (random: number): Promise<number | undefined> => {
      const context = { ...fakeContext({ settings, random: () => random }), lane: '' };
      await withBackoff(context, never, failing(1));
      return context.pauses[0];
    };
    expect([await pauseOf(0), await pauseOf(0.999)]).toEqual([5, 10]);
  });

  it('passes on at once what trying again does not mend', async () => {
    for (const kind of ['poison', 'fatal'] as const) {
      const context = { ...fakeContext({ settings }), lane: '' };
      const failure = new Failure(kind, 'x', 'no');
      await expect(withBackoff(context, never, failing(1, failure))).rejects.toBe(failure);
      expect(context.pauses).toEqual([]);
    }
  });

  it('takes a mistake of ours for fatal, never for something to try again', async () => {
    const mistake = new TypeError('undefined is not a function');
    await expect(withBackoff({ ...fakeContext(), lane: '' }, never, failing(1, mistake))).rejects.toMatchObject({
      kind: 'fatal',
      code: 'internal',
      cause: mistake,
    });
    expect(asFailure('a string')).toMatchObject({ kind: 'fatal', message: 'a string' });
    expect(asFailure(away)).toBe(away);
  });

  describe('with a breaker', () => {
    /** What is told of attempts that fail so often, and how long they waited. */
    const toldOf = async (times: number, breakerFailures: number) => {
      const context = { ...fakeContext({ settings: { ...settings, breakerFailures }, source: 'shop.orders' }), lane: 'ingest/1/0' };
      await withBackoff(context, never, failing(times));
      const told = context.events.filter(({ name }) => name !== 'beat').map(({ name }) => name);
      return { told, pauses: context.pauses, events: context.events };
    };

    it('opens it after so many failures in a row, and closes it with the first attempt that succeeds', async () => {
      expect((await toldOf(2, 3)).told).toEqual(['retry', 'retry']);
      const { told, events } = await toldOf(5, 3);
      expect(told).toEqual(['retry', 'retry', 'retry', 'breaker-opened', 'retry', 'retry', 'breaker-closed']);
      expect(events.find(({ name }) => name === 'breaker-opened')).toMatchObject({
        ...{ lane: 'ingest/1/0', source: 'shop.orders', failures: 3, code: 'transport.busy', message: 'the broker is away' },
      });
    });

    it('waits and tries exactly as it would without one', async () => {
      for (const times of [1, 3, 4, 9]) expect((await toldOf(times, 3)).pauses).toEqual((await toldOf(times, 1000)).pauses);
    });

    it('closes it also where the attempts are given up, or fail in another way', async () => {
      const ended = new AbortController();
      const context = { ...fakeContext({ settings }), lane: '' };
      let attempts = 0;
      await withBackoff(context, ended.signal, async () => {
        attempts += 1;
        if (attempts === 4) ended.abort();
        throw away;
      });
      const fatal = new Failure('fatal', 'x', 'no');
      const failures = [away, away, away, fatal];
      await expect(withBackoff(context, never, () => Promise.reject(failures.shift() ?? fatal))).rejects.toBe(fatal);
      const told = context.events.map(({ name }) => name).filter((name) => name.startsWith('breaker'));
      expect(told).toEqual(['breaker-opened', 'breaker-closed', 'breaker-opened', 'breaker-closed']);
    });
  });

  it('begins no attempt after the signal, and ends between two of them', async () => {
    const ended = new AbortController();
    const context = { ...fakeContext({ settings }), lane: '' };
    const attempts = withBackoff(context, ended.signal, async () => {
      ended.abort();
      throw away;
    });
    expect(await attempts).toBeUndefined();
    expect(await withBackoff(context, ended.signal, failing(0))).toBeUndefined();
  });
});
