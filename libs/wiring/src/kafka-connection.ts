import { readFileSync } from 'node:fs';
import type { Environment } from '@dsf/config';
import type { ConnectionDefinition } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { KafkaConnection, KafkaLogin } from '@dsf/transport-kafka';

type Sasl = NonNullable<ConnectionDefinition['sasl']>;

interface Secrets {
  readonly connection: string;
  readonly sasl: Sasl;
  readonly environment: Environment;
}

const missing = (connection: string, part: string, reason: string): Failure =>
  new Failure('fatal', 'transport.secret', `connection ${connection}: the ${part} is not there: ${reason}`, { connection, part });

const readSecret = ({ connection, sasl, environment }: Secrets, part: 'username' | 'password' | 'token'): string => {
  const [variable, file] = [sasl[`${part}_env`], sasl[`${part}_file`]];
  if (variable !== undefined) {
    const value = environment[variable]?.trim() ?? '';
    if (value === '') throw missing(connection, part, `the environment variable ${variable} is not set`);
    return value;
  }
  if (file === undefined) throw missing(connection, part, `give ${part}_env or ${part}_file`);
  let value: string;
  try {
    value = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw missing(connection, part, error instanceof Error ? error.message : String(error));
  }
  // Mounted before somebody has written it: better said here than by a broker that refuses the login.
  if (value === '') throw missing(connection, part, `the file ${file} is empty`);
  return value;
};

const loginOf = (secrets: Secrets): KafkaLogin => {
  const { mechanism } = secrets.sasl;
  // Tokens end and passwords turn: they are read again for each connection.
  if (mechanism === 'oauthbearer') return { mechanism, token: async () => readSecret(secrets, 'token') };
  // What is not there from the start is said now.
  for (const part of ['username', 'password'] as const) readSecret(secrets, part);
  return {
    mechanism,
    get username() {
      return readSecret(secrets, 'username');
    },
    get password() {
      return readSecret(secrets, 'password');
    },
  };
};

/** What a definition of a connection comes to, with the secrets that it names. @throws Failure `fatal` `transport.secret` */
export const kafkaConnection = (
  { name, brokers, client_id, tls, sasl }: ConnectionDefinition,
  environment: Environment,
): KafkaConnection => ({
  brokers,
  clientId: client_id,
  ...(tls === undefined
    ? {}
    : {
        tls: {
          ...(tls.ca_file === undefined ? {} : { caFile: tls.ca_file }),
          ...(tls.cert_file === undefined ? {} : { certFile: tls.cert_file }),
          ...(tls.key_file === undefined ? {} : { keyFile: tls.key_file }),
        },
      }),
  ...(sasl === undefined ? {} : { login: loginOf({ connection: name, sasl, environment }) }),
});
