import { fitScope } from '@dsf/ports';
import type { LaneKey, RecordFailure, Request } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { turn } from './room.ts';
import type { Room } from './room.ts';

export const choresContract = (room: Room): void => {
  describe('requests', () => {
    const freshLane = (): LaneKey => ({ phase: 'summarise', source: 0, lane: room.fresh() });
    const bodies: readonly Request['body'][] = [
      {
        kind: 'recompute',
        instance: 'a@00000001',
        key: ['é\0', { n: '1.5' }, null, true],
        window: 3_600_000,
        after: { source: 1, partition: 2, offset: 3 },
      },
      { kind: 'rebuild', instance: 'a@00000001' },
      { kind: 'rebuild', instance: 'a@00000001', renew: true },
      { kind: 'replay', source: 1, partition: 2, offset: Number.MAX_SAFE_INTEGER },
      { kind: 'purge', source: 1, partition: 2, rows: 'flat', before: 1_700_000_000_000 },
      { kind: 'freeze', source: 1, partition: 2, below: 7 },
    ];

    it('reach exactly the lane that they are for, in order, until they are closed', async () => {
      const lane = freshLane();
      await room.warehouse().request(
        bodies.map((body) => ({ lane, body })),
        1,
      );
      await room.warehouse().request([{ lane: freshLane(), body: { kind: 'rebuild', instance: 'x@00000000' } }], 1);
      const asked = await room.warehouse().committed.readRequests(lane, 10);
      expect(asked.map(({ body }) => body)).toEqual(bodies);
      expect(asked.every((request) => request.lane.lane === lane.lane && request.lane.phase === lane.phase)).toBe(true);
      expect(await room.warehouse().committed.readRequests(lane, 2)).toEqual(asked.slice(0, 2));
      const first = asked.slice(0, 1).map(({ id }) => id);
      await turn(room.warehouse(), lane, async (transaction) => {
        await transaction.closeRequests(first, 2);
        expect(await transaction.readRequests(lane, 10)).toEqual(asked.slice(1));
      });
      expect(await room.warehouse().committed.readRequests(lane, 10)).toEqual(asked.slice(1));
    });

    it('written in a transaction come with it or not at all', async () => {
      const lane = freshLane();
      const before = await room.warehouse().inspect.openRequests();
      const work = turn(room.warehouse(), lane, async (transaction) => {
        await transaction.writeRequests([{ lane, body: { kind: 'rebuild', instance: 'a@00000001' } }], 1);
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await room.warehouse().inspect.openRequests()).toBe(before);
      await turn(room.warehouse(), lane, (transaction) =>
        transaction.writeRequests([{ lane, body: { kind: 'rebuild', instance: 'a@00000001' } }], 1),
      );
      expect(await room.warehouse().inspect.openRequests()).toBe(before + 1);
    });
  });

  describe('failures', () => {
    const lane = (source: number): LaneKey => ({ phase: 'flatten', source: 0, lane: source });
    const refused = (source: number, parts: Partial<RecordFailure> = {}): RecordFailure => ({
      phase: 'flatten',
      source,
      partition: 1,
      offset: 7,
      scope: '',
      code: 'flatten.not-json',
      path: null,
      detail: 'Unexpected token',
      version: 1,
      ...parts,
    });
    const write = (source: number, failures: readonly RecordFailure[], now: number): Promise<void> =>
      turn(room.warehouse(), lane(source), (transaction) => transaction.writeFailures(failures, now));

    it('are stored once per phase, coordinates and scope; again counts an attempt and takes the newer words', async () => {
      const source = room.fresh();
      const [path, detail] = room.takes('\0') ? ['a.\ud800', 'NUL \0 lone \udc00'] : ['a.é', 'plain'];
      await write(source, [refused(source), refused(source, { scope: 'd@1/0' })], 100);
      await write(source, [refused(source, { code: 'flatten.too-deep', path, detail, version: 2 })], 200);
      const stored = await room.warehouse().inspect.failures({ source, max: 10 });
      expect(stored.map(({ id: _id, ...failure }) => failure)).toEqual([
        {
          ...refused(source, { code: 'flatten.too-deep', path, detail, version: 2 }),
          attempts: 2,
          firstAt: 100,
          lastAt: 200,
          status: 'open',
        },
        { ...refused(source, { scope: 'd@1/0' }), attempts: 1, firstAt: 100, lastAt: 100, status: 'open' },
      ]);
    });

    it('are resolved by record, phase and scope prefix, letter for letter', async () => {
      const source = room.fresh();
      const scopes = ['', 'a_b@1/0', 'a_b@1/1', 'aXb@1/0', 'A_B@1/0'];
      await write(
        source,
        [
          ...scopes.map((scope) => refused(source, { scope, phase: 'summarise' })),
          refused(source),
          refused(source, { offset: 8, phase: 'summarise', scope: 'a_b@1/0' }),
        ],
        1,
      );
      const at = { source, partition: 1, offset: 7 };
      const count = await turn(room.warehouse(), lane(source), (transaction) => transaction.resolveFailures('summarise', at, 'a_b@1/', 2));
      expect(count).toBe(2);
      const open = await room.warehouse().committed.readFailures(at);
      expect(open.map(({ phase, scope }) => `${phase}:${scope}`).toSorted()).toEqual(
        ['flatten:', 'summarise:', 'summarise:A_B@1/0', 'summarise:aXb@1/0'].toSorted(),
      );
      expect(await turn(room.warehouse(), lane(source), (transaction) => transaction.resolveFailures('summarise', at, '', 3))).toBe(3);
      expect(await turn(room.warehouse(), lane(source), (transaction) => transaction.resolveFailures('summarise', at, '', 3))).toBe(0);
    });

    it('are kept apart also where their scopes were too long and were cut, and are found by how these begin', async () => {
      const source = room.fresh();
      const instance = `${'d'.repeat(120)}@00000001`;
      const scopes = ['a', 'b'].map((end) => fitScope(`${instance}/["${'ä'.repeat(5_000)}${end}"]`));
      const failures = scopes.map((scope) => refused(source, { scope, phase: 'summarise' }));
      await write(source, failures, 1);
      await write(source, failures.slice(0, 1), 2);
      const stored = await room.warehouse().inspect.failures({ source, max: 10 });
      expect(stored.map(({ scope, attempts }) => [scope, attempts])).toEqual([
        [scopes[0], 2],
        [scopes[1], 1],
      ]);
      const resolve = (prefix: string): Promise<number> =>
        turn(room.warehouse(), lane(source), (transaction) => transaction.resolveFailures('summarise', refused(source), prefix, 3));
      expect([await resolve('d/'), await resolve(`${instance}/`)]).toEqual([0, 2]);
    });

    it('are counted while they are open', async () => {
      const source = room.fresh();
      const before = await room.warehouse().inspect.openFailures();
      await write(source, [refused(source), refused(source, { offset: 8 })], 1);
      expect(await room.warehouse().inspect.openFailures()).toBe(before + 2);
      await turn(room.warehouse(), lane(source), (transaction) => transaction.resolveFailures('flatten', refused(source), '', 2));
      expect(await room.warehouse().inspect.openFailures()).toBe(before + 1);
    });

    it('open again when the record fails again after it was resolved', async () => {
      const source = room.fresh();
      await write(source, [refused(source)], 1);
      await turn(room.warehouse(), lane(source), (transaction) => transaction.resolveFailures('flatten', refused(source), '', 2));
      expect(await room.warehouse().inspect.failures({ source, status: 'open', max: 10 })).toEqual([]);
      await write(source, [refused(source)], 3);
      expect(await room.warehouse().inspect.failures({ source, status: 'open', max: 10 })).toMatchObject([
        { attempts: 2, firstAt: 1, lastAt: 3 },
      ]);
    });

    it('are found by id, phase, source, code and status, at most as many as asked for', async () => {
      const source = room.fresh();
      await write(
        source,
        [refused(source), refused(source, { offset: 8, code: 'other' }), refused(source, { offset: 9, phase: 'ingest' })],
        1,
      );
      const find = async (filter: object): Promise<readonly number[]> =>
        (await room.warehouse().inspect.failures({ source, max: 10, ...filter })).map(({ offset }) => offset);
      const ids = (await room.warehouse().inspect.failures({ source, max: 10 })).map(({ id }) => id);
      expect(await find({})).toEqual([7, 8, 9]);
      expect(await find({ ids: ids.slice(1) })).toEqual([8, 9]);
      expect(await find({ ids: [] })).toEqual([]);
      expect(await find({ code: 'other' })).toEqual([8]);
      expect(await find({ phase: 'ingest' })).toEqual([9]);
      expect(await find({ status: 'resolved' })).toEqual([]);
      expect(await find({ max: 2 })).toEqual([7, 8]);
    });
  });
};
