import type { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { config as MssqlOptions } from 'mssql';
import { Failure } from '@dsf/ports';
import type { MssqlConfig, MssqlLogin } from './config.ts';

/*
 * A configuration in the words of `mssql` and tedious.
 */

const authentication = (login: MssqlLogin): NonNullable<MssqlOptions['authentication']> => {
  switch (login.kind) {
    case 'sql':
      return { type: 'default', options: { userName: login.user, password: login.password } };
    case 'azure-default':
      return { type: 'azure-active-directory-default', options: login.clientId === undefined ? {} : { clientId: login.clientId } };
    case 'azure-managed-identity':
      return { type: 'azure-active-directory-msi-vm', options: login.clientId === undefined ? {} : { clientId: login.clientId } };
    case 'azure-service-principal': {
      const { tenantId, clientId, clientSecret } = login;
      return { type: 'azure-active-directory-service-principal-secret', options: { tenantId, clientId, clientSecret } };
    }
  }
};

const readAuthority = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(
      'fatal',
      'warehouse.ca-file',
      `the certificate authority cannot be read: ${reason}. Set DSF_MSSQL_CA_FILE to a PEM file.`,
      { file },
      { cause: error },
    );
  }
};

const encryption = { on: true, strict: 'strict', off: false } as const;

/** 32 KB packets carry bulk loads with an eighth of the packets of the default 4 KB. TLS takes at most 16 KB of payload, so more would be split there. */
const packetBytes = 16_383;

interface ServerMessage {
  readonly number: number;
  readonly class: number;
  readonly message: string;
}

/**
 * A login that fails comes with the number of the server's first error: the driver keeps the words of the last alone, and of a database that is not there
 * (4060) the last are that the login has failed (18456).
 */
export const rememberNumber = (wire: EventEmitter): void => {
  let first: ServerMessage | null = null;
  const listen = (message: ServerMessage): void => {
    first ??= message;
  };
  wire.on('errorMessage', listen);
  wire.prependOnceListener('connect', (error?: unknown) => {
    wire.off('errorMessage', listen);
    if (error instanceof Error && first !== null)
      Object.assign(error, { number: first.number, class: first.class, message: first.message });
  });
};

export const wireOptions = (config: MssqlConfig): MssqlOptions => {
  const { encrypt = 'on', caFile, certificateName } = config;
  const options = {
    database: config.database,
    ...(config.port === undefined ? {} : { port: config.port }),
    ...(config.instance === undefined ? {} : { instanceName: config.instance }),
    encrypt: encryption[encrypt],
    trustServerCertificate: config.trustServerCertificate ?? false,
    ...(certificateName === undefined ? {} : { serverName: certificateName }),
    ...(caFile === undefined ? {} : { cryptoCredentialsDetails: { ca: readAuthority(caFile) } }),
    appName: config.applicationName ?? 'dsf',
    // XACT_ABORT ON: no error leaves half a transaction that could be committed.
    abortTransactionOnError: true,
    enableArithAbort: true,
    useUTC: true,
    packetSize: packetBytes,
    connectTimeout: config.connectTimeoutMs ?? 15_000,
    requestTimeout: config.requestTimeoutMs ?? 60_000,
    cancelTimeout: 5_000,
    // After a failover the listener of a group may answer on another subnet.
    multiSubnetFailover: true,
  };
  return {
    server: config.server,
    authentication: authentication(config.login),
    // Its type knows no `strict`, tedious does.
    options,
    pool: { max: config.poolMax ?? 10, min: 0, idleTimeoutMillis: 30_000, acquireTimeoutMillis: (config.connectTimeoutMs ?? 15_000) * 2 },
    // The socket alone is looked at: a query before every transaction would cost a round trip, and tell nothing about the next moment.
    validateConnection: 'socket',
    beforeConnect: (wire) => rememberNumber(wire),
  };
};
