import { columnTypes, definitionsSchema, policyKinds } from '@dsf/metadata';
import type { Definitions } from '@dsf/metadata';
import fc from 'fast-check';

/*
 * Generated definitions: every field, present and absent, in the shapes that the schema takes. They need not make sense together, but what
 * they refer to is defined.
 */

/** No NUL and no lone surrogate, which text columns of databases do not hold alike. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: Math.min(maxLength, 12) })
    .filter((value) => value.length <= maxLength && !value.includes('\0'));
const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,8}$/);
const expression = text(40);
const columnType = fc.constantFrom(...columnTypes);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Members in any order; integer-like names are left out, because JavaScript gives them an order of its own. */
const members = <T>(name: fc.Arbitrary<string>, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc
    .uniqueArray(
      fc.tuple(
        name.filter((candidate) => !/^\d+$/.test(candidate) && candidate !== '__proto__'),
        value,
      ),
      { selector: ([key]) => key, maxLength: 5 },
    )
    .map((entries) => Object.fromEntries(entries));

const pathRule = fc.record(
  {
    policy: fc.constantFrom(...policyKinds),
    separator: fc.string({ maxLength: 3, unit: 'grapheme-ascii' }),
    name: text(128),
    type: columnType,
  },
  { requiredKeys: [] },
);

const secret = fc.constantFrom('env', 'file');
const connection = fc.record({
  brokers: fc.array(fc.constantFrom('a:1', 'kafka-1.example.com:65535', '10.0.0.1:9092'), { minLength: 1, maxLength: 3 }),
  client_id: text(200),
  tls: optional(fc.record({ ca_file: text(20), cert_file: text(20), key_file: text(20) }, { requiredKeys: [] })),
  sasl: optional(
    fc.tuple(fc.constantFrom('plain', 'scram-sha-256', 'scram-sha-512'), secret, secret).map(([mechanism, user, password]) => ({
      mechanism,
      [`username_${user}`]: 'USER_PLACE',
      [`password_${password}`]: 'PASSWORD_PLACE',
    })),
  ),
});
/** Where a topic is. */
const placed = fc.constantFrom({}, { transport: 'local' }, { transport: 'kafka', connection: 'Cluster.z-0' });

const keptFor = fc.constantFrom('45m', '12h', '90d');
const source = fc.record({
  topic: optional(text(249)),
  partitions: fc.integer({ min: 1, max: 1000 }),
  start: fc.constantFrom('earliest', 'latest', '2024-02-29T23:59:59.5+02:00'),
  table: optional(text(128)),
  tombstones: fc.constantFrom('filter', 'fail'),
  filter: optional(expression),
  headers: members(text(20), text(128)),
  key: optional(text(128)),
  names: fc.constantFrom('snake', 'exact'),
  detect: fc.boolean(),
  depth_max: fc.integer({ min: 1, max: 1000 }),
  objects: fc.constantFrom('child', 'columns', 'json'),
  lists: fc.constantFrom('child', 'json', 'count', 'drop'),
  paths: members(text(30), fc.oneof(fc.constantFrom(...policyKinds), pathRule)),
  retention: optional(
    fc.record({ raw: optional(keptFor), rows: optional(keptFor) }).filter(({ raw, rows }) => raw !== undefined || rows !== undefined),
  ),
  sample: optional(text(30)),
});

const measure = fc.oneof(
  expression,
  fc.record({ function: word, of: expression, max: fc.integer({ min: 1, max: 10_000 }), type: columnType }, { requiredKeys: ['function'] }),
);

const driver = (sources: readonly string[]): fc.Arbitrary<Record<string, unknown>> =>
  fc.record({
    inputs: fc.array(
      fc.record({
        source: fc.constantFrom(...sources),
        table: optional(text(20)),
        filter: optional(expression),
        event_time: optional(expression),
        expressions: members(text(10), fc.option(expression)),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    key: members(word, expression),
    event_time: optional(expression),
    window: fc.oneof(
      fc.constant('none'),
      fc.constantFrom('15m', '1h', '999999ms').map((tumbling) => ({ tumbling })),
    ),
    measures: members(word, measure),
  });

const publication = (drivers: readonly string[]): fc.Arbitrary<Record<string, unknown>> =>
  fc.record({
    driver: fc.constantFrom(...drivers),
    topic: optional(text(249)),
    partitions: fc.integer({ min: 1, max: 1000 }),
    body: optional(fc.jsonValue()),
    numbers: fc.constantFrom('string', 'number'),
    type: fc.string({ unit: 'grapheme-ascii', maxLength: 10 }),
    transactional: fc.boolean(),
  });

const withPlaces = (items: readonly Record<string, unknown>[], places: readonly object[]): readonly Record<string, unknown>[] =>
  items.map((item, index) => ({ ...item, ...places[index] }));

const named = (items: readonly Record<string, unknown>[], prefix: string): readonly Record<string, unknown>[] =>
  items.map((item, index) => ({ ...item, name: `${prefix}.${String.fromCharCode(122 - index)}-${index}` }));
const namesOf = (items: readonly Record<string, unknown>[]): readonly string[] => items.map(({ name }) => String(name));

/** Without members that are undefined: definitions have them or do not. */
const parse = (value: unknown): Definitions => definitionsSchema.parse(JSON.parse(JSON.stringify(value)));

export const anyDefinitions: fc.Arbitrary<Definitions> = fc
  .array(source, { minLength: 1, maxLength: 4 })
  .map((sources) => named(sources, 'Source'))
  .chain((sources) =>
    fc.tuple(
      fc.constant(sources),
      fc.array(driver(namesOf(sources)), { minLength: 1, maxLength: 3 }).map((drivers) => named(drivers, 'driver')),
    ),
  )
  .chain(([sources, drivers]) =>
    fc.tuple(
      fc.constant(sources),
      fc.constant(drivers),
      fc.array(publication(namesOf(drivers)), { maxLength: 3 }).map((items) => named(items, 'feed')),
      fc.integer({ min: 1, max: 1024 }),
      fc.array(connection, { minLength: 1, maxLength: 3 }).map((items) => named(items, 'Cluster')),
      fc.array(placed, { minLength: 7, maxLength: 7 }),
    ),
  )
  .map(([sources, drivers, publications, lanes, connections, places]) =>
    parse({
      settings: { lanes },
      sources: withPlaces(sources, places),
      drivers,
      publications: withPlaces(publications, places.slice(sources.length)),
      connections,
    }),
  );
