import { Failure, type Delivery, type LaneKey, type PartitionFeed } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { runLane } from './lane-loop.ts';
import { openLane } from './lane.ts';
import { defaultSettings } from './settings.ts';
import { createPace } from './pace.ts';
import { fakeContext } from './specs/fake-context.ts';
import { fakeWarehouse, positionAt } from './specs/fake-warehouse.ts';
import type { Attempt, LaneWork } from './work.ts';

const key: LaneKey = { phase: 'flatten', source: 0, lane: 0 };
const readFrom = { topic: 'dsf.raw', group: 'dsf.flatten', system: 'dsf' };
const message = (offset: number): Delivery => ({ offset, time: 0, timeType: 'append', key: null, headers: [], body: null });

interface Scene {
  /** What each read gives; the lane is told to stop at the end of them. */
  readonly reads: readonly (readonly Delivery[] | Failure)[];
  readonly work?: Partial<LaneWork>;
  readonly readMs?: number;
}

const play = async ({ reads, work = {}, readMs = 0 }: Scene) => {
  const stop = new AbortController();
  const log: string[] = [];
  let read = 0;
  const context = fakeContext({ settings: { ...defaultSettings, recordsMax: 4, idleMs: 1000 } });
  const feed: PartitionFeed = {
    partition: 0,
    revoked: new AbortController().signal,
    seek: (offset) => void log.push(`seek ${offset}`),
    acknowledge: async (offset) => void log.push(`acknowledge ${offset}`),
    async read() {
      const next = reads[read];
      read += 1;
      await context.clock.sleep(readMs, stop.signal);
      if (read >= reads.length) stop.abort();
      if (next instanceof Failure) throw next;
      return next ?? [];
    },
  };
  const warehouse = fakeWarehouse();
  const say = (what: string) => async (): Promise<void> => void log.push(what);
  const all: LaneWork = {
    lane: openLane(warehouse, key),
    ...{ claimed: say('claimed'), chores: async () => undefined, pause: say('pause'), announce: say('announce') },
    handle: async (deliveries) => void log.push(`handle ${deliveries.map(({ offset }) => offset).join(' ')}`),
    goOn: async (goes, start) => goes.seek(start),
    ...work,
  };
  const ended = await runLane({ ...context, readFrom, pace: createPace(context.settings) }, all, feed, stop.signal).then(
    () => null,
    (error: unknown) => error,
  );
  return { log, context, ended, warehouse };
};

describe('a lane', () => {
  it('takes its turn before anything else, and acknowledges a batch when it has been handled', async () => {
    const { log, warehouse, context } = await play({ reads: [[message(5), message(6)], []] });
    expect(log.slice(0, 3)).toEqual(['claimed', 'handle 5 6', 'acknowledge 7']);
    expect((await warehouse.loadLane(key)).seq).toBe(1);
    expect(context.events.filter(({ name }) => name.startsWith('lane-')).map(({ name }) => name)).toEqual(['lane-claimed', 'lane-left']);
  });

  it('finishes the batch in hand when it is told to stop, and sends what was held back', async () => {
    const { log } = await play({ reads: [[message(5)]] });
    expect(log).toEqual(['claimed', 'handle 5', 'acknowledge 6', 'pause']);
  });

  it('says where it stands within the second, also under load', async () => {
    const reads = Array.from({ length: 10 }, (_, offset) => [message(offset)]);
    const { log } = await play({ reads, readMs: 300 });
    expect(log.filter((what) => what === 'announce')).toHaveLength(2);
    expect(log.slice(0, -1)).not.toContain('pause');
  });

  it('sends what was held back when nothing comes, and when it leaves', async () => {
    const { log } = await play({ reads: [[], [], []], readMs: 200 });
    expect(log).toEqual(['claimed', 'pause', 'pause', 'pause']);
  });

  it('tries a batch again after a passing error, and acknowledges it once', async () => {
    let tries = 0;
    const handle = async (): Promise<void> => {
      tries += 1;
      if (tries < 3) throw new Failure('retry', 'lane.lost', 'another worker has had a turn');
    };
    const { log } = await play({ reads: [[message(5)], []], work: { handle } });
    expect(tries).toBe(3);
    expect(log.filter((what) => what.startsWith('acknowledge'))).toEqual(['acknowledge 6']);
  });

  it('halves what it takes after a data error, down to one record, and then refuses that', async () => {
    const attempts: Attempt[] = [];
    const handle: LaneWork['handle'] = async (_, attemptBy) => {
      const attempt = attemptBy(1);
      attempts.push(attempt);
      if (attempt.refuse === null) throw new Failure('poison', 'warehouse.data', 'the database refuses the value');
    };
    const { log } = await play({ reads: [[message(5)], []], work: { handle } });
    expect(attempts.map(({ recordsMax }) => recordsMax)).toEqual([4, 2, 1, 1, 1]);
    expect(attempts.at(-1)?.refuse).toEqual({ code: 'warehouse.data', detail: 'the database refuses the value' });
    expect(log).toContain('acknowledge 6');
  });

  it('takes less after a batch that took too long, and more again when they are quick', async () => {
    const asked: number[] = [];
    const attempts: number[] = [];
    const context = fakeContext({ settings: { ...defaultSettings, recordsMax: 1000, batchMsMax: 100 } });
    const stop = new AbortController();
    let position = 0;
    const durations = [400, 200, 50, 10];
    const lane = openLane(fakeWarehouse(), key);
    const work: LaneWork = {
      lane,
      ...{ claimed: async () => undefined, chores: async () => undefined, pause: async () => undefined, announce: async () => undefined },
      goOn: async () => undefined,
      handle: async (_, attempt) => {
        attempts.push(attempt(1).recordsMax);
        await context.clock.sleep(durations[attempts.length - 1] ?? 0, stop.signal);
        position += attempts.at(-1) ?? 0;
        await lane.transact({ positions: [positionAt(position)] }, async () => undefined);
        if (attempts.length === durations.length) stop.abort();
      },
    };
    const feed: PartitionFeed = {
      ...{ partition: 0, revoked: new AbortController().signal, seek: () => undefined, acknowledge: async () => undefined },
      read: async ({ recordsMax }) => {
        asked.push(recordsMax);
        return Array.from({ length: recordsMax }, (_, offset) => message(offset));
      },
    };
    await runLane({ ...context, readFrom, pace: createPace(context.settings) }, work, feed, stop.signal);
    expect(asked).toEqual([1000, 250, 125, 250]);
    expect(attempts).toEqual([1000, 250, 125, 250]);
  });

  it('takes less at the next attempt after one that took too long and failed', async () => {
    const context = fakeContext({ settings: { ...defaultSettings, recordsMax: 1000, batchMsMax: 100 } });
    const stop = new AbortController();
    const attempts: number[] = [];
    const work: LaneWork = {
      lane: openLane(fakeWarehouse(), key),
      ...{ claimed: async () => undefined, chores: async () => undefined, pause: async () => undefined, announce: async () => undefined },
      goOn: async () => undefined,
      handle: async (_, attempt) => {
        attempts.push(attempt(1).recordsMax);
        if (attempts.length === 3) return stop.abort();
        await context.clock.sleep(attempts.length === 1 ? 400 : 90, stop.signal);
        throw new Failure('retry', 'lane.lost', 'another worker has had a turn');
      },
    };
    const feed: PartitionFeed = {
      ...{ partition: 0, revoked: new AbortController().signal, seek: () => undefined, acknowledge: async () => undefined },
      read: async () => [message(5)],
    };
    await runLane({ ...context, readFrom, pace: createPace(context.settings) }, work, feed, stop.signal);
    expect(attempts).toEqual([1000, 250, 250]);
  });

  it('leaves a batch that failed to the new owner once it was taken away, and acknowledges nothing', async () => {
    const revoke = new AbortController();
    let tries = 0;
    const stop = new AbortController().signal;
    const context = fakeContext();
    const acknowledged: number[] = [];
    const work: LaneWork = {
      lane: openLane(fakeWarehouse(), key),
      ...{ claimed: async () => undefined, chores: async () => undefined, pause: async () => undefined, announce: async () => undefined },
      goOn: async () => undefined,
      handle: async () => {
        tries += 1;
        revoke.abort();
        throw new Failure('retry', 'lane.lost', 'another worker has had a turn');
      },
    };
    const feed: PartitionFeed = {
      ...{ partition: 0, revoked: revoke.signal, seek: () => undefined, read: async () => [message(5)] },
      acknowledge: async (offset) => void acknowledged.push(offset),
    };
    await runLane({ ...context, readFrom, pace: createPace(context.settings) }, work, feed, stop);
    expect([tries, acknowledged]).toEqual([1, []]);
  });

  it('goes on elsewhere when the log no longer has the place where it stood', async () => {
    const lost = new Failure('fatal', 'transport.out-of-range', 'offset 5 is not in the log', { start: 40, end: 50 });
    const { log, ended } = await play({ reads: [lost, [message(40)], []] });
    expect(ended).toBeNull();
    expect(log.filter((what) => !what.startsWith('pause'))).toEqual(['claimed', 'seek 40', 'handle 40', 'acknowledge 41']);
  });

  it.each([
    ['has lost what was read', new Failure('fatal', 'transport.diverged', 'offsets 3 to 4 were lost', { offset: 5, start: 3 }), 3],
    ['holds what cannot be read', new Failure('fatal', 'transport.unreadable', 'the batch at offset 5', { offset: 5, start: 8 }), 8],
  ])('goes on where an internal topic %s, and ends where a source does', async (_, failure, start) => {
    const { log, ended } = await play({ reads: [failure, [message(start)], []] });
    expect(ended).toBeNull();
    expect(log).toContain(`seek ${start}`);
    const lane = openLane(fakeWarehouse(), { phase: 'ingest', source: 1, lane: 0 });
    const source = await play({ reads: [failure, [message(start)], []], work: { lane } });
    expect([source.ended, source.log.filter((what) => what.startsWith('seek'))]).toEqual([failure, []]);
  });

  it('ends with what a person must mend, and says that it has left', async () => {
    const broken = new Failure('fatal', 'warehouse.corrupt', 'the file is damaged');
    const { ended, context } = await play({ reads: [[message(5)], []], work: { handle: () => Promise.reject(broken) } });
    expect(ended).toBe(broken);
    expect(context.events.at(-1)).toMatchObject({ name: 'lane-left' });
  });
});
