import { Failure } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { asFailure, withBackoff } from './backoff.ts';
import { defaultSettings } from './settings.ts';
import { fakeContext } from './specs/fake-context.ts';

const away = new Failure('retry', 'transport.busy', 'the broker is away');
const settings = { ...defaultSettings, retryMinMs: 10, retryMaxMs: 60 };
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
