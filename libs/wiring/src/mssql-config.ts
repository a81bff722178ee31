import { Failure } from '@dsf/ports';
import type { DatabaseConfig } from '@dsf/config';
import type { MssqlConfig, MssqlLogin } from '@dsf/database-mssql';

const loginOf = ({ login, user, password, clientId, tenantId, clientSecret }: DatabaseConfig): MssqlLogin => {
  if (login === 'sql') return { kind: login, user: user ?? '', password: password ?? '' };
  if (login === 'azure-service-principal')
    return { kind: login, tenantId: tenantId ?? '', clientId: clientId ?? '', clientSecret: clientSecret ?? '' };
  return { kind: login, ...(clientId === null ? {} : { clientId }) };
};

/** The settings in the words of the adapter. @throws Failure `fatal` `warehouse.not-chosen` when they choose another database */
export const mssqlConfig = (config: DatabaseConfig): MssqlConfig => {
  const { server, port, instance, caFile, certificateName } = config;
  if (config.database !== 'mssql' || server === null)
    throw new Failure(
      'fatal',
      'warehouse.not-chosen',
      'the database is a file in DSF_HOME: set DSF_DATABASE=mssql and DSF_MSSQL_SERVER for SQL Server',
    );
  return {
    server,
    database: config.databaseName,
    login: loginOf(config),
    encrypt: config.encrypt,
    trustServerCertificate: config.trustServerCertificate,
    schema: config.schema,
    poolMax: config.poolMax,
    connectTimeoutMs: config.connectTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    lockTimeoutMs: config.lockTimeoutMs,
    ...(port === null ? {} : { port }),
    ...(instance === null ? {} : { instance }),
    ...(caFile === null ? {} : { caFile }),
    ...(certificateName === null ? {} : { certificateName }),
  };
};
