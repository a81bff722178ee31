import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { parseConfig, type Environment } from './parse-config.ts';
import { ingestorSettings } from './service-settings.ts';
import { bytes, choice, duration, flag, integer, optional, secret, text, type Setting, type Settings } from './setting.ts';

const problemsOf = (settings: Settings, environment: Environment): readonly string[] => {
  try {
    parseConfig(settings, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.text);
  }
};
const valueOf = <Value>(setting: Setting<Value>, given: string): Value | 'refused' => {
  try {
    return parseConfig({ it: setting }, { [setting.variable]: given }).it;
  } catch {
    return 'refused';
  }
};

const about = 'a setting of this test';
const lanes = integer({ variable: 'LANES', min: 1, max: 10_000, fallback: '2000', about });
const wait = duration({ variable: 'WAIT', min: 1, max: 60_000, fallback: '200ms', about });
const size = bytes({ variable: 'SIZE', min: 1, max: 256_000_000, fallback: '4MB', about });
const on = flag({ variable: 'ON', fallback: 'false', about });
const level = choice({ variable: 'LEVEL', words: ['low', 'high'], fallback: 'low', about });
const url = text({ variable: 'URL', about });
const password = secret({ variable: 'PASSWORD', about });

describe('parseConfig', () => {
  it('lists every problem at once, each with what was found, what is allowed and the default', () => {
    expect(problemsOf({ lanes, wait, url, level }, { LANES: 'many', WAIT: '5', LEVEL: 'High' })).toEqual([
      'LANES is "many"; it must be an integer 1..10000 (default 2000)',
      'WAIT is "5"; it must be a duration 1ms..1m with a unit (ms, s, m, h) (default 200ms)',
      'URL is missing; it must be a text (required, there is no default)',
      'LEVEL is "High"; it must be one of low, high (default low)',
    ]);
  });

  it('says all of it in the message of one error that is fatal', () => {
    const parse = () => parseConfig({ lanes, url }, { LANES: '0' });
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(/2 problems:\n {2}LANES is "0".*\n {2}URL is missing/);
    expect(new ConfigError([])).toMatchObject({ kind: 'fatal', code: 'config.invalid' });
  });

  it('cuts long values', () => {
    expect(problemsOf({ lanes }, { LANES: '9'.repeat(100_000) })[0]?.length).toBeLessThan(200);
  });

  it('takes defaults for variables that are missing or empty', () => {
    expect(parseConfig({ lanes, wait, size, on, level, url: optional(url) }, { LANES: '', WAIT: '  ' })).toEqual({
      lanes: 2000,
      wait: 200,
      size: 4_000_000,
      on: false,
      level: 'low',
      url: null,
    });
  });

  it('gives a frozen object', () => {
    expect(Object.isFrozen(parseConfig({ lanes }, {}))).toBe(true);
  });

  it.each([
    ['1', 1],
    [' 10000 ', 10_000],
    ['0', 'refused'],
    ['10001', 'refused'],
    ['-1', 'refused'],
    ['1.5', 'refused'],
    ['1e3', 'refused'],
    ['0x10', 'refused'],
    ['12abc', 'refused'],
    ['NaN', 'refused'],
  ])('reads the integer %j as %j', (given, value) => expect(valueOf(lanes, given)).toBe(value));

  it.each([
    ['500ms', 500],
    ['2s', 2000],
    ['1.1s', 1100],
    ['1m', 60_000],
    ['1 s', 1000],
    ['2m', 'refused'],
    ['0ms', 'refused'],
    ['0.4ms', 'refused'],
    ['500', 'refused'],
    ['-1s', 'refused'],
    ['1d', 'refused'],
    ['s', 'refused'],
  ])('reads the duration %j as %j', (given, value) => expect(valueOf(wait, given)).toBe(value));

  it.each([
    ['16MB', 16_000_000],
    ['16MiB', 16_777_216],
    ['1.5KB', 1500],
    ['7B', 7],
    ['1GB', 'refused'],
    ['0B', 'refused'],
    ['16mb', 'refused'],
    ['16', 'refused'],
  ])('reads the size %j as %j', (given, value) => expect(valueOf(size, given)).toBe(value));

  it.each([
    ['true', true],
    ['YES', true],
    ['0', false],
    ['off', false],
    ['maybe', 'refused'],
    ['2', 'refused'],
  ])('reads the flag %j as %j', (given, value) => expect(valueOf(on, given)).toBe(value));
});

describe('secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dsf-config-'));
  const path = join(folder, 'password');
  writeFileSync(path, 'from the file\n');

  it('come from the variable or from the file that its _FILE names, without the last line break', () => {
    expect(parseConfig({ password }, { PASSWORD: 'from the variable' })).toEqual({ password: 'from the variable' });
    expect(parseConfig({ password }, { PASSWORD_FILE: path })).toEqual({ password: 'from the file' });
  });

  it('must not come from both, from nowhere, or from a file that is not there', () => {
    expect(problemsOf({ password }, { PASSWORD: 'x', PASSWORD_FILE: path })[0]).toBe(
      'PASSWORD and PASSWORD_FILE are both set; set one of them',
    );
    expect(problemsOf({ password }, {})[0]).toContain('PASSWORD is missing');
    expect(problemsOf({ password }, { PASSWORD_FILE: join(folder, 'nothing') })[0]).toContain('cannot be read');
    rmSync(folder, { recursive: true });
  });

  it('are never shown', () => {
    const pin = { ...lanes, secret: true };
    const problems = problemsOf({ pin }, { LANES: 'hunter2' });
    expect(problems).toEqual(['LANES is a value that is not shown; it must be an integer 1..10000 (default 2000)']);
  });
});

describe('the settings of a service', () => {
  it('have defaults for everything, in the names that the runtime uses', () => {
    expect(parseConfig(ingestorSettings, {})).toEqual({
      home: './.dsf',
      measures: null,
      internalTransport: 'local',
      internalPrefix: null,
      kafkaBrokers: null,
      kafkaClientId: 'dsf',
      kafkaTls: false,
      kafkaTlsCa: null,
      kafkaTlsCert: null,
      kafkaTlsKey: null,
      kafkaSasl: 'none',
      kafkaUsername: null,
      kafkaPassword: null,
      kafkaToken: null,
      pubsubProject: null,
      pubsubRegion: null,
      pubsubEndpoint: null,
      logLevel: 'info',
      httpPort: 8081,
      httpHost: '0.0.0.0',
      recordsMax: 2000,
      bytesMax: 4_000_000,
      batchMsMax: 3300,
      waitMs: 200,
      retentionCheckMs: 3_600_000,
      groupsCachedMax: 20_000,
      retryMinMs: 20,
      retryMaxMs: 5000,
      breakerFailures: 8,
      idleMs: 1000,
      catalogPollMs: 200,
      drainMs: 10_000,
    });
  });

  it('read the variables of their own service only', () => {
    const environment = { INGESTOR_HTTP_PORT: '0', FLATTENER_HTTP_PORT: 'nonsense', INGESTOR_BATCH_BYTES_MAX: '16MB' };
    expect(parseConfig(ingestorSettings, environment)).toMatchObject({ httpPort: 0, bytesMax: 16_000_000 });
  });
});
