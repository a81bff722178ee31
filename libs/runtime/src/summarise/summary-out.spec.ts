import { decodeSummaryRange } from '@dsf/messages';
import type { GroupRow, LaneKey } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { openLane } from '../lane.ts';
import { catalogOf, fakeContext, fakeTransport } from '../specs/fake-context.ts';
import { fakeWarehouse } from '../specs/fake-warehouse.ts';
import { createSummaryOut } from './summary-out.ts';

const key: LaneKey = { phase: 'summarise', source: 0, lane: 1 };
const row: GroupRow = {
  ...{ instance: 'd@1', group: '["a"]', key: ['a'], window: null, windowEnd: null, revision: 6, reason: 'update', time: 0 },
  ...{ version: 1, status: 'live', measures: [{ n: '1' }], states: ['secret'] },
};

const setUp = async () => {
  const internal = fakeTransport();
  const warehouse = fakeWarehouse([[key, { seq: 5 }]]);
  const lane = openLane(warehouse, key);
  const context = fakeContext({ warehouse, internal });
  const out = createSummaryOut(context, lane);
  await lane.refresh();
  out.enter();
  const turn = async (): Promise<void> => {
    await lane.transact({}, async () => undefined);
  };
  const told = () => internal.sent.splice(0).map(({ body }) => decodeSummaryRange(body));
  return { context, warehouse, lane, out, turn, told, catalog: catalogOf(1) };
};

describe('what dsf.summary is told', () => {
  it('begins after what was there when the lane was read, and joins on from then', async () => {
    const { out, turn, told, catalog } = await setUp();
    await turn();
    await out.tell(catalog, [row]);
    await turn();
    await turn();
    await out.tell(catalog, []);
    await out.tell(catalog, []);
    expect(told().map(({ source, partition, from, to }) => [source, partition, from, to])).toEqual([
      [0, 1, 6, 7],
      [0, 1, 7, 9],
      [0, 1, 9, 9],
    ]);
  });

  it('is each changed group, complete, but never its inner state', async () => {
    const { out, turn, told, catalog } = await setUp();
    await turn();
    await out.tell(catalog, [row]);
    const { states: _states, group: _group, windowEnd: _windowEnd, ...change } = row;
    expect(told()[0]?.items).toEqual([change]);
  });

  it('leaves a gap for what others have committed, and for what could not be sent', async () => {
    const { warehouse, lane, out, turn, told, catalog } = await setUp();
    await turn();
    await out.tell(catalog, []);
    warehouse.takeTurn(key);
    await turn().catch(() => undefined);
    await lane.refresh();
    out.enter();
    await turn();
    await out.tell(catalog, []);
    expect(told().map(({ from, to }) => [from, to])).toEqual([
      [6, 7],
      [8, 9],
    ]);
  });

  it('comes with a count of the changes: of open windows, of those that had ended when it was committed, and of groups without one', async () => {
    const { context, out, turn, catalog } = await setUp();
    const inWindow = (windowEnd: number): GroupRow => ({ ...row, window: 0, windowEnd, time: 60_000 });
    await turn();
    await out.tell(catalog, [row, inWindow(60_001), inWindow(60_000), inWindow(1000), { ...inWindow(1), reason: 'correction' }]);
    expect(context.events.filter(({ name }) => name === 'groups')).toMatchObject([
      { reason: 'update', open: 1, ended: 2, running: 1, bytes: 48 },
      { reason: 'correction', open: 0, ended: 1, running: 0, bytes: 12 },
    ]);
  });
});
