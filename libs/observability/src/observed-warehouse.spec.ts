import { expect, it } from 'vitest';
import { Failure, noTracer, type LaneKey, type SpanFacts, type TelemetryEvent, type Tracer } from '@dsf/ports';
import { createMemoryDatabase, openMemoryWarehouse } from '@dsf/testing';
import { observeWarehouse } from './observed-warehouse.ts';

const lane: LaneKey = { phase: 'flatten', source: 0, lane: 0 };

const setUp = (tracer: Tracer = noTracer) => {
  const events: Extract<TelemetryEvent, { name: 'database' }>[] = [];
  const telemetry = { emit: (event: TelemetryEvent): void => void (event.name === 'database' && events.push(event)) };
  const inner = openMemoryWarehouse(createMemoryDatabase());
  return {
    inner,
    warehouse: observeWarehouse(inner, { telemetry, tracer }),
    events,
    said: () => events.map(({ operation, result }) => `${operation} ${result}`),
  };
};

it('tells each operation, also those inside a transaction, and how long it took', async () => {
  const { warehouse, said, events } = setUp();
  const { seq } = await warehouse.loadLane(lane);
  await warehouse.transact(lane, seq, async (transaction) => {
    expect(transaction.seq).toBe(seq + 1);
    await transaction.writePositions([]);
  });
  await warehouse.committed.readLiveInstances(0);
  expect(said()).toEqual(['load-lane ok', 'write-positions ok', 'transact ok', 'read-live-instances ok']);
  expect(events.every(({ ms }) => ms >= 0)).toBe(true);
});

it('tells how an operation failed, and fails with the same error', async () => {
  const { warehouse, events } = setUp();
  const busy = new Failure('retry', 'warehouse.busy', 'busy');
  await expect(warehouse.transact(lane, 0, () => Promise.reject(busy))).rejects.toBe(busy);
  await expect(warehouse.transact(lane, 77, async () => undefined)).rejects.toMatchObject({ code: 'lane.lost' });
  expect(events.map(({ result, code }) => [result, code])).toEqual([
    ['retry', 'warehouse.busy'],
    ['retry', 'lane.lost'],
  ]);
});

it('leaves everything else as it is', async () => {
  const { warehouse, inner } = setUp();
  expect(warehouse.capabilities).toBe(inner.capabilities);
  expect(warehouse.inspect).toBe(inner.inspect);
  await warehouse.close();
});

it('makes a span of each transaction, named as OpenTelemetry has it', async () => {
  const spans: SpanFacts[] = [];
  const { warehouse } = setUp({
    isOn: true,
    span: (facts, work) => {
      spans.push(facts());
      return work(null);
    },
  });
  await warehouse.transact(lane, 0, async () => undefined);
  expect(spans).toMatchObject([{ name: 'transact flatten', kind: 'client', attributes: { 'db.operation.name': 'transact' } }]);
});
