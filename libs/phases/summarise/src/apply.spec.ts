import { expect, it } from 'vitest';
import type { KeyPart, Point, Value } from '@dsf/messages';
import type { Catalog, DriverInstance, InstanceMeasure } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { GroupRow, Groups, Measure, SummariseEffects, SummariseInput } from '@dsf/ports';
import { compile } from './compile.ts';
import { summarisePhase } from './index.ts';

const num = (n: number | string): Value => ({ n: String(n) });

/** `name: function type`. */
const driver = (
  measures: readonly `${string}: ${string} ${InstanceMeasure['type']}`[],
  over: Partial<DriverInstance> = {},
): DriverInstance => ({
  instance: 'd@1',
  name: 'd',
  inputs: [],
  key: ['country'],
  windowMs: null,
  measures: measures.map((text) => {
    const [name = '', measure = ''] = text.split(': ');
    const [called = '', type] = measure.split(' ');
    return { name, function: called, type: type as InstanceMeasure['type'], max: 100 };
  }),
  ...over,
});
const catalogOf = (...drivers: readonly DriverInstance[]): Catalog => ({
  version: 3,
  settings: { lanes: 4 },
  sources: [],
  drivers,
  publications: [],
});

const revenue = driver(['orders: count bigint', 'revenue: sum decimal', 'dearest: max decimal']);
const plan = compile(catalogOf(revenue));

const point = (offset: number, key: readonly KeyPart[], amounts: readonly Value[], over: Partial<Point> = {}): Point => ({
  instance: 'd@1',
  offset,
  row: 0,
  key,
  window: null,
  time: offset,
  amounts,
  ...over,
});
const order = (offset: number, country: string, total: Value): Point => point(offset, [country], [true, total, total]);

const input = (points: readonly Point[], over: Partial<SummariseInput> = {}): SummariseInput => ({
  points: [{ source: 1, partition: 2, points }],
  current: new Map(),
  revision: 10,
  now: 99_000,
  version: 3,
  reason: 'update',
  ...over,
});
const rowsOf = (effects: SummariseEffects): readonly GroupRow[] => effects.changed.get('d@1') ?? [];
const asCurrent = (...effects: readonly SummariseEffects[]): Groups =>
  new Map([['d@1', new Map(effects.flatMap(rowsOf).map((row) => [row.group, row]))]]);

it('refuses a point that its measures cannot take, as a whole, and lets the others stand', () => {
  const effects = summarisePhase.apply(plan, input([order(1, 'CH', num(10)), order(2, 'CH', 'ten'), order(3, 'CH', num('0.5'))]));
  expect(effects).toMatchObject({ written: 2, failed: 1 });
  expect(effects.refusals).toEqual([
    {
      phase: 'summarise',
      source: 1,
      partition: 2,
      offset: 2,
      scope: 'd@1/0',
      code: 'summarise.not-a-number',
      path: null,
      detail: 'sum needs a number, got text',
      version: 3,
    },
  ]);
  expect(rowsOf(effects)[0]?.measures).toEqual([num(2), num('10.5'), num(10)]);
});

it('stores the refusal that a point brings, without making a group', () => {
  const refusal = { code: 'summarise.expression', detail: 'key country: no' };
  const effects = summarisePhase.apply(plan, input([point(1, [], [], { refusal, row: 4 })]));
  expect(effects).toMatchObject({ written: 0, failed: 1, refusals: [{ offset: 1, scope: 'd@1/4', ...refusal }] });
  expect(effects.changed.size).toBe(0);
  expect(summarisePhase.groups(plan, input([point(1, [], [], { refusal })]).points).size).toBe(0);
});

it('tells two refusals of one row number apart, which come from two inputs of a driver', () => {
  const refusal = { code: 'summarise.expression', detail: 'no' };
  const points = [point(1, [], [], { refusal }), point(1, [], [], { refusal }), point(2, [], [], { refusal })];
  expect(summarisePhase.apply(plan, input(points)).refusals.map(({ offset, scope }) => [offset, scope])).toEqual([
    [1, 'd@1/0'],
    [1, 'd@1/0.1'],
    [2, 'd@1/0'],
  ]);
});

it('ignores points of a driver that the catalog does not have', () => {
  const effects = summarisePhase.apply(plan, input([point(1, ['CH'], [], { instance: 'gone@1' })]));
  expect(effects).toEqual({ changed: new Map(), refusals: [], written: 0, failed: 0 });
});

it('fails a group that overflows, shows no number, names the point, and leaves other groups alone', () => {
  const nearlyFull = num('9'.repeat(26));
  const first = summarisePhase.apply(plan, input([order(1, 'CH', nearlyFull), order(2, 'CH', num(1)), order(3, 'DE', num(1))]));
  expect(first).toMatchObject({ written: 3, failed: 0 });
  expect(first.refusals).toMatchObject([{ code: 'summarise.overflow', offset: 2 }]);
  expect(first.refusals[0]?.detail).toContain('["CH"]');
  expect(rowsOf(first).map(({ group, status, measures }) => [group, status, measures.length])).toEqual([
    ['["CH"]', 'failed', 0],
    ['["DE"]', 'live', 3],
  ]);
  const second = summarisePhase.apply(plan, input([order(4, 'CH', num(1))], { current: asCurrent(first) }));
  expect(rowsOf(second)[0]?.status).toBe('failed');
  expect(second.refusals).toEqual([]);
});

it('shows the exact number again when an overflowed group fits again, whatever the order', () => {
  const points = [order(1, 'CH', num('9'.repeat(26))), order(2, 'CH', num('1.5')), order(3, 'CH', num('-2'))];
  const inTurn = points.reduce<SummariseEffects | null>(
    (before, next) => summarisePhase.apply(plan, input([next], before === null ? {} : { current: asCurrent(before) })),
    null,
  );
  const atOnce = summarisePhase.apply(plan, input(points.toReversed()));
  expect(atOnce.refusals).toEqual([]);
  expect(rowsOf(atOnce)[0]).toMatchObject({ status: 'live', measures: [num(3), num(`${'9'.repeat(25)}8.5`), num('9'.repeat(26))] });
  expect(inTurn === null ? [] : rowsOf(inTurn)).toEqual(rowsOf(atOnce));
});

it('fails a group that mixes numbers and text, in either order, rather than choose', () => {
  const mixed = compile(catalogOf(driver(['least: min decimal'])));
  const points = [point(1, ['CH'], ['a']), point(2, ['CH'], [num(1)])];
  for (const some of [points, points.toReversed()]) {
    const effects = summarisePhase.apply(mixed, input(some));
    expect(rowsOf(effects)[0]).toMatchObject({ status: 'failed', measures: [] });
    expect(effects.refusals).toMatchObject([{ code: 'summarise.mixed-types' }]);
  }
});

it('refuses to cut a number to the declared type', () => {
  const bigints = compile(catalogOf(driver(['total: sum bigint'])));
  for (const total of ['9223372036854775808', '0.5']) {
    expect(rowsOf(summarisePhase.apply(bigints, input([point(1, ['CH'], [num(total)])])))[0]).toMatchObject({
      status: 'failed',
      measures: [],
    });
  }
});

it('refuses a custom measure that breaks its laws or takes a built-in’s name, and a measure that nobody has', () => {
  const code = (name: string, custom: ReadonlyMap<string, Measure>): string => {
    try {
      compile(catalogOf(driver([`m: ${name} json`])), custom);
    } catch (error) {
      if (error instanceof Failure) return `${error.kind} ${error.code}`;
    }
    return 'none';
  };
  const latest: Measure = { zero: null, lift: (amount) => amount, combine: (left, right) => right ?? left, lower: (state) => state };
  expect(code('latest', new Map([['latest', latest]]))).toBe('fatal summarise.measure-laws');
  expect(code('sum', new Map([['sum', latest]]))).toBe('fatal summarise.measure-name');
  expect(code('median', new Map())).toBe('fatal summarise.measure-unknown');
});

/** Longest text; its code fails on the letter `!`, in the way that `phase` says. */
const longest = (phase: 'lift' | 'combine' | 'lower'): Measure => {
  const check = (at: string, value: Value): void => {
    if (at === phase && value === '!') throw new Error('bad letter');
  };
  const text = (value: Value): string => (typeof value === 'string' ? value : '');
  return {
    zero: null,
    lift: (amount) => {
      if (typeof amount !== 'string') throw new Error('text only');
      check('lift', amount);
      return amount;
    },
    combine: (left, right) => {
      check('combine', left);
      check('combine', right);
      const [a, b] = [text(left), text(right)];
      return a.length > b.length || (a.length === b.length && a > b) ? left : right;
    },
    lower: (state) => {
      check('lower', state);
      return state;
    },
  };
};

it('runs custom measures, and keeps their errors to a point or a group', () => {
  const run = (phase: 'lift' | 'combine' | 'lower', ...texts: readonly string[]): SummariseEffects => {
    const custom = compile(catalogOf(driver(['longest: longest text'])), new Map([['longest', longest(phase)]]));
    return summarisePhase.apply(custom, input(texts.map((text, offset) => point(offset, ['CH'], [text]))));
  };
  expect(rowsOf(run('lift', 'a', 'bb'))[0]?.measures).toEqual(['bb']);
  const lift = run('lift', 'bb', '!');
  expect(lift).toMatchObject({ written: 1, failed: 1, refusals: [{ code: 'summarise.measure', detail: 'longest: bad letter' }] });
  expect(rowsOf(lift)[0]).toMatchObject({ status: 'live', measures: ['bb'] });
  for (const phase of ['combine', 'lower'] as const) {
    const failed = run(phase, '!', ...(phase === 'lower' ? [] : ['bb']));
    expect(rowsOf(failed)[0]).toMatchObject({ status: 'failed', measures: [] });
    expect(failed.refusals).toMatchObject([{ code: 'summarise.measure' }]);
  }
});

it('keeps a group failed that a custom measure could not combine, until it is folded anew', () => {
  const custom = compile(catalogOf(driver(['longest: longest text'])), new Map([['longest', longest('combine')]]));
  const text = (offset: number, amount: string): Point => point(offset, ['CH'], [amount]);
  const broken = summarisePhase.apply(custom, input([text(1, '!'), text(2, 'bb')]));
  const later = summarisePhase.apply(custom, input([text(3, 'ccc')], { current: asCurrent(broken) }));
  expect(rowsOf(later)[0]).toMatchObject({ status: 'failed', measures: [], states: rowsOf(broken)[0]?.states });
  expect(later.refusals).toEqual([]);
  const recomputed = summarisePhase.apply(custom, input([text(2, 'bb'), text(3, 'ccc')], { reason: 'correction' }));
  expect(rowsOf(recomputed)[0]).toMatchObject({ status: 'live', measures: ['ccc'], reason: 'correction' });
});

it('keeps a group complete: key, window, revision, reason, time, version, numbers and states', () => {
  const hourly = compile(catalogOf(driver(['orders: count bigint', 'mean: avg decimal'], { windowMs: 3_600_000 })));
  const points = [point(1, ['CH'], [true, num(1)], { window: 7_200_000 }), point(2, ['CH'], [true, null], { window: 7_200_000 })];
  expect(rowsOf(summarisePhase.apply(hourly, input(points, { reason: 'correction' })))).toEqual([
    {
      instance: 'd@1',
      key: ['CH'],
      window: 7_200_000,
      windowEnd: 10_800_000,
      group: '["CH"]@7200000',
      revision: 10,
      reason: 'correction',
      time: 99_000,
      version: 3,
      status: 'live',
      measures: [num(2), num(1)],
      states: [num(2), { l: [num(1), num(1)] }],
    },
  ]);
});

it('leaves the state of a measure alone that an input does not feed', () => {
  const effects = summarisePhase.apply(
    plan,
    input([order(1, 'CH', num(10)), point(2, ['CH'], [null, num(5), null]), point(3, ['CH'], [null, null, null])]),
  );
  expect(rowsOf(effects)[0]?.measures).toEqual([num(1), num(15), num(10)]);
});

it('sorts groups by their text, and leaves out those that no point touched', () => {
  const first = summarisePhase.apply(plan, input([order(1, 'b', num(1)), order(2, 'a', num(1)), order(3, 'C', num(1))]));
  expect(rowsOf(first).map(({ group }) => group)).toEqual(['["C"]', '["a"]', '["b"]']);
  const second = summarisePhase.apply(plan, input([order(4, 'a', num(1))], { current: asCurrent(first), revision: 11 }));
  expect(rowsOf(second)).toMatchObject([{ group: '["a"]', revision: 11, measures: [num(2), num(2), num(1)] }]);
});

it('asks for each group once, sorted, and for none of unknown drivers', () => {
  const points = [order(1, 'b', null), order(2, 'a', null), order(3, 'b', null), point(4, ['x'], [], { instance: 'gone@1' })];
  expect(summarisePhase.groups(plan, input(points).points)).toEqual(new Map([['d@1', ['["a"]', '["b"]']]]));
  expect(summarisePhase.instances(plan)).toEqual([revenue]);
});

it('retracts a group that has no rows left, and begins at zero when rows come again', () => {
  const [row] = rowsOf(summarisePhase.apply(plan, input([order(1, 'CH', num(10))])));
  if (row === undefined) throw new Error('no group');
  const gone = summarisePhase.retract(row, { revision: 11, now: 100_000, version: 4 });
  expect(gone).toEqual({ ...row, revision: 11, time: 100_000, version: 4, reason: 'retract', status: 'gone', measures: [], states: [] });
  const again = summarisePhase.apply(plan, input([order(2, 'CH', num(3))], { current: new Map([['d@1', new Map([[gone.group, gone]])]]) }));
  expect(rowsOf(again)[0]).toMatchObject({ status: 'live', reason: 'update', measures: [num(1), num(3), num(3)] });
});

it('rounds only what it shows', () => {
  const first = summarisePhase.apply(plan, input([order(1, 'CH', num('0.0000000000004'))]));
  expect(rowsOf(first)[0]?.measures[1]).toEqual(num(0));
  const second = summarisePhase.apply(plan, input([order(2, 'CH', num('0.0000000000004'))], { current: asCurrent(first) }));
  expect(rowsOf(second)[0]?.measures[1]).toEqual(num('0.000000000001'));
});
