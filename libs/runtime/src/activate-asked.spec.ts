import { definitionsSchema, freshSnapshot } from '@dsf/metadata';
import { Failure, type MetadataStore, type TelemetryEvent } from '@dsf/ports';
import { fakeClock } from '@dsf/testing';
import { describe, expect, it } from 'vitest';
import { activateAsked } from './activate-asked.ts';

type Asked = Parameters<NonNullable<MetadataStore['activateAsked']>>[0];

const snapshotOf = (measure: string) =>
  freshSnapshot(
    null,
    definitionsSchema.parse({
      sources: [{ name: 'orders' }],
      drivers: [{ name: 'sales', inputs: [{ source: 'orders' }], key: { k: 'id' }, measures: { m: `${measure}(total)` } }],
    }),
  );

const setUp = (answer: (asked: Asked) => Promise<number>) => {
  const events: TelemetryEvent[] = [];
  const asked: Asked[] = [];
  const metadata = {
    activateAsked: (one: Asked) => {
      asked.push(one);
      return answer(one);
    },
  } as unknown as MetadataStore;
  const own = { zero: null, lift: (value: unknown) => value, combine: (a: unknown) => a, lower: (value: unknown) => value };
  const context = {
    metadata,
    clock: fakeClock(),
    measures: new Map([['geomean', own]]) as never,
    telemetry: { emit: (event: TelemetryEvent) => void events.push(event) },
  };
  return { context, events, asked };
};

describe('activations that were asked for with SQL', () => {
  it('are carried out by the summariser alone', async () => {
    const { context, asked } = setUp(async () => 0);
    for (const phase of ['ingest', 'flatten', 'publish', 'summarise'] as const) await activateAsked(context, phase);
    expect(asked).toHaveLength(1);
  });

  it('are checked as a whole, with the custom measures that there are', async () => {
    const { context, asked } = setUp(async () => 0);
    await activateAsked(context, 'summarise');
    expect(asked[0]?.check(snapshotOf('geomean'), 1).catalog).not.toBeNull();
    expect(asked[0]?.check(snapshotOf('geomeen'), 1).problems.map(({ code }) => code)).toContain('measure.unknown');
  });

  it('that cannot be carried out are told, and stop nothing', async () => {
    const { context, events } = setUp(async () => {
      throw new Failure('fatal', 'warehouse.permission', 'no');
    });
    await activateAsked(context, 'summarise');
    expect(events).toEqual([{ name: 'reload-failed', phase: 'summarise', code: 'warehouse.permission', message: 'no' }]);
  });

  it('do not exist where the database has no place for them', async () => {
    const { context, events } = setUp(async () => 0);
    await activateAsked({ ...context, metadata: {} as MetadataStore }, 'summarise');
    expect(events).toEqual([]);
  });
});
