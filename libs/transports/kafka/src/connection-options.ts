import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { SASLOptions } from 'kafkajs';
import { Failure } from '@dsf/ports';

/** How a client proves who it is. The values are secrets: they never leave this object for a message or a log. */
export type KafkaLogin =
  /** Asked for its name and password, as it is for a token, whenever a connection is made: they may have changed. */
  | { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string }
  /** `token` is asked for one whenever a connection is made or its session ends. */
  | { readonly mechanism: 'oauthbearer'; readonly token: () => Promise<string> };

export interface KafkaTls {
  /** Files in PEM format; without `caFile` the authorities that Node.js knows. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Where a cluster is and how to get in. */
export interface KafkaConnection {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  readonly tls?: KafkaTls;
  readonly login?: KafkaLogin;
}

const readPem = (file: string, what: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure('fatal', 'transport.tls-file', `the ${what} ${file} cannot be read: ${reason}`, { file }, { cause: error });
  }
};

/** Options of node:tls, with what the files hold at this moment. @throws Failure `fatal` `transport.tls-file` */
export const readTls = ({ caFile, certFile, keyFile }: KafkaTls): Readonly<Record<string, string>> => ({
  ...(caFile === undefined ? {} : { ca: readPem(caFile, 'certificate authority') }),
  ...(certFile === undefined ? {} : { cert: readPem(certFile, 'client certificate') }),
  ...(keyFile === undefined ? {} : { key: readPem(keyFile, 'client key') }),
});

/** Whether the files are what they should be is said here, once, and not by each attempt to connect. @throws Failure `fatal` `transport.tls-file` */
export const checkTls = (tls: KafkaTls): void => {
  const options = readTls(tls);
  try {
    createSecureContext(options);
  } catch (error) {
    const files = [tls.caFile, tls.certFile, tls.keyFile].filter((file) => file !== undefined).join(', ');
    const reason = error instanceof Error ? error.message : String(error);
    const text = `of ${files} one is no certificate or key in PEM format, or certificate and key do not belong together: ${reason}`;
    throw new Failure('fatal', 'transport.tls-file', text, { files }, { cause: error });
  }
};

export const saslOptions = (login: KafkaLogin | undefined): SASLOptions | null => {
  if (login === undefined) return null;
  if (login.mechanism === 'oauthbearer')
    return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await login.token() }) };
  // An object of its own, since kafkajs writes into what it is given; it reads both whenever a connection logs in.
  return {
    mechanism: login.mechanism,
    get username() {
      return login.username;
    },
    get password() {
      return login.password;
    },
  };
};
