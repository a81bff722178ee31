import type { Environment, InternalConfig } from '@dsf/config';
import type { ConnectionDefinition } from '@dsf/metadata';
import type { Clock, Transport } from '@dsf/ports';
import type { KafkaConnection } from '@dsf/transport-kafka';
import { kafkaConnection } from './kafka-connection.ts';

const variable = (name: string): string => `DSF_INTERNAL_KAFKA_${name}`;

/** Where a secret stands: in the file that the variable's `_FILE` names, or in the variable itself. */
const placeOf = (part: 'username' | 'password' | 'token', environment: Environment): Readonly<Record<string, string>> => {
  const name = variable(part.toUpperCase());
  const file = environment[`${name}_FILE`]?.trim() ?? '';
  return file === '' ? { [`${part}_env`]: name } : { [`${part}_file`]: file };
};

const saslOf = (mechanism: Exclude<InternalConfig['kafkaSasl'], 'none'>, environment: Environment): ConnectionDefinition['sasl'] =>
  mechanism === 'oauthbearer'
    ? { mechanism, ...placeOf('token', environment) }
    : { mechanism, ...placeOf('username', environment), ...placeOf('password', environment) };

const connectionOf = (config: InternalConfig, environment: Environment): ConnectionDefinition => {
  const { kafkaBrokers, kafkaClientId, kafkaTls, kafkaTlsCa, kafkaTlsCert, kafkaTlsKey, kafkaSasl } = config;
  return {
    name: 'DSF_INTERNAL_KAFKA',
    kind: 'kafka',
    brokers: [...(kafkaBrokers ?? [])],
    client_id: kafkaClientId,
    ...(kafkaTls
      ? {
          tls: {
            ...(kafkaTlsCa === null ? {} : { ca_file: kafkaTlsCa }),
            ...(kafkaTlsCert === null ? {} : { cert_file: kafkaTlsCert }),
            ...(kafkaTlsKey === null ? {} : { key_file: kafkaTlsKey }),
          },
        }
      : {}),
    ...(kafkaSasl === 'none' ? {} : { sasl: saslOf(kafkaSasl, environment) }),
  };
};

/** What the variables of the internal topics come to. @throws Failure `fatal` `transport.secret` */
export const internalKafkaConnection = (config: InternalConfig, environment: Environment): KafkaConnection =>
  kafkaConnection(connectionOf(config, environment), environment);

/**
 * Kafka for dsf.raw, dsf.points and dsf.summary. The topics are made by `dsf topics apply`, never by the way: a service that made one with
 * the wrong number of copies would hide that for a year.
 * @throws Failure `fatal` `transport.secret`, `transport.tls-file`
 */
export const openInternalKafka = async (config: InternalConfig, environment: Environment, clock: Clock): Promise<Transport> => {
  const connection = internalKafkaConnection(config, environment);
  const { openKafkaTransport } = await import('@dsf/transport-kafka');
  return openKafkaTransport({
    connection,
    clock,
    createsTopics: false,
    remedy: 'make the internal topics as they should be with `dsf topics apply`',
    ...(config.internalPrefix === null ? {} : { prefix: config.internalPrefix }),
  });
};
