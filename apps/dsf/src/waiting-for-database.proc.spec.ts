import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { serviceNames, startService } from '@dsf/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorkplace, type Running, type Workplace } from './specs/dsf-process.ts';

let place: Workplace;
/** Processes that wait for ever would outlive a test that fails. */
const ends: (() => void)[] = [];
beforeEach(() => {
  place = openWorkplace();
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
  place.clear();
});

const begin = (name: ServiceName, environment: Readonly<Record<string, string>>) => {
  const service = startService(name, environment);
  ends.push(() => service.signal('SIGKILL'));
  return service;
};

const run = (at: Workplace, ...parameters: readonly string[]): Running => {
  const running = at.start('run', ...parameters);
  ends.push(() => running.child.kill('SIGKILL'));
  return running;
};

/** A server that nobody runs. */
const away = {
  DSF_DATABASE: 'mssql',
  ...{
    DSF_MSSQL_SERVER: '127.0.0.1',
    DSF_MSSQL_PORT: '1',
    DSF_MSSQL_DATABASE: 'dsf',
    DSF_MSSQL_USER: 'dsf',
    DSF_MSSQL_PASSWORD: 'hush-hush',
  },
};

type ServiceName = (typeof serviceNames)[number];

const phases = { ingestor: 'ingest', flattener: 'flatten', summariser: 'summarise', publisher: 'publish' } as const;

const portOf = (name: string): Readonly<Record<string, string>> => {
  const prefix = name.toUpperCase();
  return { [`${prefix}_HTTP_PORT`]: '0', [`${prefix}_HTTP_HOST`]: '127.0.0.1' };
};

const waitsMsMax = 30_000;

/** Asks again until the answer will do; what is said last is what a failing test shows. */
const until = async <T>(ask: () => Promise<T>, does: (answer: T) => boolean): Promise<T> => {
  for (const end = performance.now() + waitsMsMax; ;) {
    const answer = await ask();
    if (does(answer) || performance.now() > end) return answer;
    await delay(50);
  }
};

const urlIn = async (said: () => string): Promise<string> => {
  const find = async (): Promise<string> => /\/metrics at (http:[\w.:/]+)/.exec(said())?.[1] ?? '';
  const url = await until(find, (found) => found !== '');
  expect(url, said()).not.toBe('');
  return url;
};

const ask = async (url: string, path: string): Promise<string> => {
  const response = await fetch(`${url}${path}`);
  return `${response.status} ${await response.text()}`;
};

const well = '200 {"ok":true,"why":[]}';

const saidBy = ({ child }: Running): (() => string) => {
  let said = '';
  child.stderr.on('data', (text: string) => (said += text));
  return () => said;
};

describe('while the database is away at the start', () => {
  const expectWaiting = async (url: string, phase: string): Promise<void> => {
    const startup = await until(
      () => ask(url, '/startup'),
      (answer) => answer.includes('warehouse.away'),
    );
    expect(startup).toMatch(/^503 /);
    expect(startup).toContain(`${phase} is not started: it is tried again after warehouse.away, see the log`);
    expect(await ask(url, '/ready')).toBe(startup);
    expect(await ask(url, '/live')).toBe(well);
    const metrics = await ask(url, '/metrics');
    expect(metrics).toMatch(new RegExp(`dsf_retries_total\\{phase="${phase}",code="warehouse.away"\\} [1-9]`));
    expect(metrics).not.toMatch(/^dsf_failures_open /m);
    // After eight attempts, which is some seconds later; what DsfBreakerOpen calls somebody for.
    const breaker = new RegExp(`^dsf_breakers_open\\{phase="${phase}",source="definitions"\\} 1$`, 'm');
    expect(
      await until(
        () => ask(url, '/metrics'),
        (text) => breaker.test(text),
      ),
    ).toMatch(breaker);
  };

  it.each(serviceNames)('the %s lives, says what it waits for, and ends with 0 when it is asked to', async (name) => {
    const service = begin(name, { DSF_HOME: place.folder, ...away, ...portOf(name) });
    await expectWaiting(await urlIn(service.log), phases[name]);
    expect(service.log()).toContain('DSF_MSSQL_SERVER, DSF_MSSQL_PORT: 127.0.0.1:1');
    service.signal('SIGTERM');
    expect(await service.ended, service.log()).toEqual({ code: 0, signal: null });
    expect(service.log()).not.toContain('hush-hush');
  });

  it('so does dsf run with a port', async () => {
    const own = openWorkplace({ ...away, DSF_HTTP_PORT: '0', DSF_HTTP_HOST: '127.0.0.1' });
    const running = run(own);
    const said = saidBy(running);
    await expectWaiting(await urlIn(said), 'ingest');
    running.child.kill('SIGTERM');
    const { code, signal, stderr } = await running.ended;
    expect({ code, signal }, stderr).toEqual({ code: 0, signal: null });
    expect(stderr.match(/waiting: .*127\.0\.0\.1:1\).*\(warehouse\.away\); it is tried again until it works/g)?.length).toBe(1);
    own.clear();
  });

  it('dsf run without one, or until idle, says so at once and ends with 4', async () => {
    const own = openWorkplace(away);
    for (const parameters of [['run'], ['run', '--until-idle', '--http-port', '0']]) {
      const { code, stderr } = await own.dsf(parameters);
      expect(code, stderr).toBe(4);
      expect(stderr).toContain('DSF_MSSQL_SERVER');
    }
    own.clear();
  });
});

describe('when the database comes back', () => {
  it.each(serviceNames)('the %s starts by itself', async (name) => {
    const held = new DatabaseSync(join(place.folder, 'dsf.db'));
    held.exec('BEGIN EXCLUSIVE; CREATE TABLE held (id integer)');
    const service = begin(name, { DSF_HOME: place.folder, ...portOf(name) });
    const url = await urlIn(service.log);
    expect(await ask(url, '/startup')).toBe(`503 {"ok":false,"why":["${phases[name]} is not started"]}`);
    expect(await ask(url, '/live')).toBe(well);
    held.exec('ROLLBACK');
    held.close();
    const startup = await until(
      () => ask(url, '/startup'),
      (answer) => answer === well,
    );
    expect(startup, service.log()).toBe(well);
    service.signal('SIGTERM');
    expect(await service.ended, service.log()).toEqual({ code: 0, signal: null });
  });
});

describe('before anything is defined', () => {
  it('dsf run with a port waits for the first version; without one it ends with 1', async () => {
    await place.must(['init', 'shop']);
    // An empty volume.
    mkdirSync(join(place.folder, '.dsf'));
    expect(await place.dsf(['run'])).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing is defined yet') });
    const running = run(place, '--http-port', '0');
    const said = saidBy(running);
    const url = await urlIn(said);
    await running.saying('nothing is defined yet');
    expect(await ask(url, '/live')).toBe(well);
    expect(await ask(url, '/ready')).toMatch(/^503 .*ingest is starting/);
    await place.must(['apply', 'shop']);
    const ready = await until(
      () => ask(url, '/ready'),
      (answer) => answer === well,
    );
    expect(ready).toBe(well);
    running.child.kill('SIGTERM');
    const { code, signal } = await running.ended;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
  });
});
