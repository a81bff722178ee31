import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ingestorSettings } from '@dsf/config';
import { Failure } from '@dsf/ports';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serviceMain, type ServiceMain } from './service-main.ts';

let home = '';
let said = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dsf-service-'));
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

const main = (over: Partial<ServiceMain> = {}): ServiceMain => ({
  phase: 'ingest',
  prefix: 'INGESTOR',
  settings: ingestorSettings,
  environment: { DSF_HOME: home, INGESTOR_HTTP_PORT: '0', INGESTOR_HTTP_HOST: '127.0.0.1', DSF_LOG_LEVEL: 'silent' },
  stop: new AbortController().signal,
  run: async () => undefined,
  ...over,
});

describe('serviceMain', () => {
  it('ends with 0 when the service has drained', async () => {
    expect(await serviceMain(main())).toBe(0);
  });

  it('ends with 0 and begins nothing when it was asked to stop before it had begun', async () => {
    const run = async (): Promise<void> => {
      throw new Error('unreachable: it has begun');
    };
    expect(await serviceMain(main({ run, stop: AbortSignal.abort() }))).toBe(0);
    expect(said).toBe('');
  });

  it('ends with 2 and lists every problem when the configuration is wrong', async () => {
    const environment = { DSF_HOME: home, INGESTOR_HTTP_PORT: 'eighty', INGESTOR_BATCH_RECORDS_MAX: '0' };
    expect(await serviceMain(main({ environment }))).toBe(2);
    expect(said).toContain('INGESTOR_HTTP_PORT');
    expect(said).toContain('INGESTOR_BATCH_RECORDS_MAX');
  });

  it('ends with 1 and says why, without a stack trace, when a person must act', async () => {
    const run = async (): Promise<void> => {
      throw new Failure('fatal', 'ingest.source-changed', 'the topic was made again');
    };
    expect(await serviceMain(main({ run }))).toBe(1);
    expect(said).toBe('ingest stopped: the topic was made again (ingest.source-changed)\n');
  });

  it('says which port it could not have', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const environment = { ...main().environment, INGESTOR_HTTP_PORT: port };
    expect(await serviceMain(main({ environment }))).toBe(1);
    expect(said).toMatch(/^ingest stopped: 127\.0\.0\.1:\d+ cannot be listened on: .*EADDRINUSE.*\(service\.port\)\n$/);
    taken.close();
  });
});
