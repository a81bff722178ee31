import { join } from 'node:path';

/** Users that the broker knows, by name with their password. None may do anything before an ACL says so. */
export const kafkaUsers = { plain: 'plain-secret', scram: 'scram-secret' } as const;

/** Files in PEM format, as `makeCertificates` leaves them. */
export const certificateFiles = { ca: 'ca.pem', broker: 'broker.pem', client: 'client.pem', clientKey: 'client.key' } as const;

export interface NodePorts {
  readonly open: number;
  readonly login: number;
  readonly controller: number;
  /** With encryption, and with encryption for those alone that show a certificate; null: neither. */
  readonly secure: { readonly any: number; readonly known: number; readonly certificates: string } | null;
}

export interface NodePlace {
  readonly id: number;
  readonly data: string;
  readonly ports: NodePorts;
  /** Of all nodes, by id: `1@127.0.0.1:9093`. */
  readonly voters: readonly string[];
  /** How long a login holds on one connection, ms. Default: as long as the connection. */
  readonly loginMsMax?: number;
}

const login = 'org.apache.kafka.common.security';
const tokenLogin = `${login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`;

const encryption = ({ certificates }: NonNullable<NodePorts['secure']>): Readonly<Record<string, string>> => ({
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.location': join(certificates, certificateFiles.broker),
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': join(certificates, certificateFiles.ca),
  'listener.name.known.ssl.client.auth': 'required',
});

/** `server.properties` of one node: small and quick, with few internal partitions, and groups that do not wait. */
export const serverSettings = ({ id, data, ports, voters, loginMsMax = 0 }: NodePlace): string => {
  const { open, login: loginPort, controller, secure } = ports;
  const listeners = [`OPEN://127.0.0.1:${open}`, `LOGIN://127.0.0.1:${loginPort}`];
  if (secure !== null) listeners.push(`SECURE://127.0.0.1:${secure.any}`, `KNOWN://127.0.0.1:${secure.known}`);
  const copies = voters.length;
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': voters.join(','),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controller}`].join(','),
    'advertised.listeners': listeners.join(','),
    'listener.security.protocol.map': 'OPEN:PLAINTEXT,LOGIN:SASL_PLAINTEXT,SECURE:SSL,KNOWN:SSL,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'OPEN',
    'controller.listener.names': 'CONTROLLER',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'listener.name.login.plain.sasl.jaas.config': `${login}.plain.PlainLoginModule required user_plain="${kafkaUsers.plain}";`,
    'listener.name.login.scram-sha-256.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
    'listener.name.login.scram-sha-512.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
    'connections.max.reauth.ms': loginMsMax,
    // Tokens that nobody has signed, with a user and an end: https://datatracker.ietf.org/doc/html/rfc7515#appendix-A.5
    'listener.name.login.oauthbearer.sasl.jaas.config': tokenLogin,
    ...(secure === null ? {} : encryption(secure)),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'log.dirs': data,
    'num.partitions': 1,
    'default.replication.factor': copies,
    'min.insync.replicas': Math.min(2, copies),
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': Math.min(2, copies),
    'group.min.session.timeout.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    // A broker that is gone is found out sooner than a sender gives up.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'message.max.bytes': 8_000_000,
    'log.initial.task.delay.ms': 500,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
};
