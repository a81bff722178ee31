import type { FailureFacts } from '@dsf/ports';
import type { MssqlLogin } from './config.ts';

/*
 * What to look at when a login is refused, by the way in which it logs in: settings that it does not use are of no help.
 * https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-configure
 */

export type LoginKind = MssqlLogin['kind'];

const kinds: readonly LoginKind[] = ['sql', 'azure-default', 'azure-managed-identity', 'azure-service-principal'];

/** As a client puts it into the facts of its failures; null where it is not known. */
export const loginOf = (facts: FailureFacts): LoginKind | null => kinds.find((kind) => kind === facts['login']) ?? null;

const identity: Readonly<Record<Exclude<LoginKind, 'sql'>, string>> = {
  'azure-default':
    'check what the environment offers (workload identity, managed identity, or variables of Azure), and DSF_MSSQL_CLIENT_ID where the identity is user-assigned',
  'azure-managed-identity':
    'check that the machine or pod has the managed identity, and DSF_MSSQL_CLIENT_ID where the identity is user-assigned',
  'azure-service-principal':
    'check DSF_MSSQL_TENANT_ID, DSF_MSSQL_CLIENT_ID and DSF_MSSQL_CLIENT_SECRET (or DSF_MSSQL_CLIENT_SECRET_FILE), and that the secret has not expired',
};

const external = 'CREATE USER [<name of the identity>] FROM EXTERNAL PROVIDER';

export const loginAdvice = (login: LoginKind | null): string =>
  login === null || login === 'sql'
    ? 'check DSF_MSSQL_USER and DSF_MSSQL_PASSWORD (or DSF_MSSQL_PASSWORD_FILE), that the login is enabled, and that DSF_MSSQL_DATABASE exists and has a user for it'
    : `DSF_MSSQL_LOGIN is ${login}: ${identity[login]}; and that DSF_MSSQL_DATABASE exists and has a user for the identity: ${external}`;

export const databaseAdvice = (login: LoginKind | null): string =>
  login === null || login === 'sql'
    ? 'check DSF_MSSQL_DATABASE; the login needs a user in it: CREATE USER [<name>] FOR LOGIN [<name>]; GRANT CONNECT TO [<name>]'
    : `check DSF_MSSQL_DATABASE; the Azure identity needs a user in it: ${external}`;
