import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MssqlConfig } from './config.ts';
import { failureOf } from './verdict.ts';
import { rememberNumber, wireOptions } from './wire-options.ts';

const config: MssqlConfig = { server: 'db.example', database: 'dsf', login: { kind: 'sql', user: 'dsf', password: 'secret' } };

describe('a login', () => {
  it.each([
    [
      { kind: 'sql', user: 'u', password: 'p' },
      { type: 'default', options: { userName: 'u', password: 'p' } },
    ],
    [{ kind: 'azure-default' }, { type: 'azure-active-directory-default', options: {} }],
    [
      { kind: 'azure-default', clientId: 'c' },
      { type: 'azure-active-directory-default', options: { clientId: 'c' } },
    ],
    [{ kind: 'azure-managed-identity' }, { type: 'azure-active-directory-msi-vm', options: {} }],
    [
      { kind: 'azure-managed-identity', clientId: 'c' },
      { type: 'azure-active-directory-msi-vm', options: { clientId: 'c' } },
    ],
    [
      { kind: 'azure-service-principal', tenantId: 't', clientId: 'c', clientSecret: 's' },
      { type: 'azure-active-directory-service-principal-secret', options: { tenantId: 't', clientId: 'c', clientSecret: 's' } },
    ],
  ] as const)('%j is what the driver calls it', (login, authentication) => {
    expect(wireOptions({ ...config, login }).authentication).toEqual(authentication);
  });
});

it('a connection ends its transaction at the first error (XACT_ABORT), and refuses what ARITHABORT OFF would let through', () => {
  expect(wireOptions(config).options).toMatchObject({ abortTransactionOnError: true, enableArithAbort: true });
});

describe('encryption', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dsf-ca-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is on and checked unless something else is asked for', () => {
    expect(wireOptions(config).options).toMatchObject({ encrypt: true, trustServerCertificate: false });
    expect(wireOptions({ ...config, encrypt: 'strict' }).options).toMatchObject({ encrypt: 'strict' });
    expect(wireOptions({ ...config, encrypt: 'off' }).options).toMatchObject({ encrypt: false });
  });

  it('knows the authority of the file, and the name in the certificate', () => {
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, 'a certificate');
    expect(wireOptions({ ...config, caFile, certificateName: 'sql.example' }).options).toMatchObject({
      cryptoCredentialsDetails: { ca: 'a certificate' },
      serverName: 'sql.example',
    });
  });

  it('with a file that is not there names the setting', () => {
    expect(() => wireOptions({ ...config, caFile: join(folder, 'nothing.pem') })).toThrow(
      expect.objectContaining({ kind: 'fatal', code: 'warehouse.ca-file', message: expect.stringContaining('DSF_MSSQL_CA_FILE') }),
    );
  });
});

describe('a login that fails', () => {
  /** What the driver tells of a login that the server answers with these errors, in order. */
  const failing = (...numbers: readonly number[]): unknown => {
    const wire = new EventEmitter();
    let told: unknown = null;
    wire.once('connect', (error: unknown) => {
      told = error;
    });
    rememberNumber(wire);
    for (const number of numbers) wire.emit('errorMessage', { number, class: 14, message: `words of ${number}` });
    wire.emit('connect', Object.assign(new Error(`words of ${numbers.at(-1)}`), { code: 'ELOGIN' }));
    return failureOf(told, {});
  };

  it.each([
    [[18456], 'fatal', 'warehouse.login'],
    [[4060, 18456], 'fatal', 'warehouse.database-missing'],
    [[40613], 'retry', 'warehouse.away'],
    [[976], 'retry', 'warehouse.read-only'],
    [[55555], 'fatal', 'warehouse.login'],
  ] as const)('with %j is judged by the first error', (numbers, kind, code) => {
    expect(failing(...numbers)).toMatchObject({ kind, code, message: expect.stringContaining(`words of ${numbers[0]}`) });
  });
});
