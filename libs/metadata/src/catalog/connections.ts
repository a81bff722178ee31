import type { ConnectionDefinition, Definitions, PublicationDefinition, SourceDefinition } from '../definitions.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { At, Report } from './report.ts';

/*
 * What connections must have, and who may use them.
 */

const parts = ['username', 'password', 'token'] as const;

const checkLogin = (report: Report, at: At, sasl: NonNullable<ConnectionDefinition['sasl']>): void => {
  const needed = sasl.mechanism === 'oauthbearer' ? ['token'] : ['username', 'password'];
  for (const part of parts) {
    const places = [sasl[`${part}_env`], sasl[`${part}_file`]].filter((place) => place !== undefined).length;
    const wanted = needed.includes(part) ? 1 : 0;
    if (places === wanted) continue;
    const message =
      wanted === 0
        ? `\`${sasl.mechanism}\` takes no ${part}`
        : `\`${sasl.mechanism}\` needs one of \`${part}_env\` and \`${part}_file\`${places === 2 ? ', not both' : ''}`;
    report.error([...at, 'sasl', 'mechanism'], { code: 'connection.login', message, hint: 'name the variable or the file that holds it' });
  }
};

/** The connection of a source or publication; null for the local log, or when it is not defined. */
export const connectionOf = (
  { connections }: Definitions,
  { connection }: SourceDefinition | PublicationDefinition,
): ConnectionDefinition | null => connections.find(({ name }) => name === connection) ?? null;

const checkUse = (
  report: Report,
  definitions: Definitions,
  place: { readonly at: At; readonly user: SourceDefinition | PublicationDefinition },
): void => {
  const { at, user } = place;
  if (user.transport === 'local') {
    if (user.connection !== undefined)
      report.error([...at, 'connection'], {
        code: 'connection.unused',
        message: 'the local log has no connection',
        hint: 'add `transport: kafka`, or remove `connection`',
      });
    return;
  }
  const connection = connectionOf(definitions, user);
  if (user.connection === undefined)
    report.error([...at, 'transport'], {
      code: 'connection.missing',
      message: `\`transport: ${user.transport}\` needs a \`connection\``,
      hint: 'define one under `connections` and name it here',
    });
  else if (connection === null)
    report.error([...at, 'connection'], {
      code: 'connection.unknown',
      message: `there is no connection named \`${user.connection}\``,
      hint: didYouMean(
        user.connection,
        definitions.connections.map(({ name }) => name),
        'connection',
      ),
    });
  else if (connection.kind !== user.transport)
    report.error([...at, 'connection'], {
      code: 'connection.kind',
      message: `connection \`${connection.name}\` leads to ${connection.kind}, not to ${user.transport}`,
      hint: `name a connection of kind ${user.transport}, or set \`transport: ${connection.kind}\``,
    });
};

/** Fields of one kind alone. */
const ownFields = { kafka: ['sasl', 'tls'], pubsub: ['project', 'region', 'endpoint', 'credentials_file'] } as const;

const checkKind = (report: Report, at: At, connection: ConnectionDefinition): void => {
  const { kind, brokers } = connection;
  const other = kind === 'kafka' ? 'pubsub' : 'kafka';
  const foreign: readonly string[] = [
    ...ownFields[other].filter((field) => connection[field] !== undefined),
    ...(kind === 'pubsub' && brokers.length > 0 ? ['brokers'] : []),
  ];
  for (const field of foreign)
    report.error([...at, field], {
      code: 'connection.field',
      message: `a connection of kind ${kind} has no \`${field}\``,
      hint: `remove it, or set \`kind: ${other}\``,
    });
  if (kind === 'kafka' && brokers.length === 0)
    report.error([...at, 'brokers'], {
      code: 'connection.brokers',
      message: 'a connection to Kafka needs `brokers`',
      hint: 'name some brokers of the cluster as host:port, or set `kind: pubsub`',
    });
};

export const checkConnections = (report: Report, definitions: Definitions): void => {
  for (const [index, connection] of definitions.connections.entries()) {
    const { sasl, tls } = connection;
    const at = ['connections', index];
    checkKind(report, at, connection);
    if (sasl !== undefined) checkLogin(report, at, sasl);
    if ((tls?.cert_file === undefined) !== (tls?.key_file === undefined))
      report.error([...at, 'tls'], {
        code: 'connection.tls',
        message: 'a certificate of the client needs its key',
        hint: 'give `cert_file` and `key_file`',
      });
  }
  for (const [index, { transport, start }] of definitions.sources.entries())
    if (transport === 'pubsub' && start !== 'earliest')
      report.error(['sources', index, 'start'], {
        code: 'source.start',
        message: 'Pub/Sub keeps the place of a subscription itself',
        hint: 'remove `start`; to begin elsewhere, seek the subscription (gcloud pubsub subscriptions seek)',
      });
  for (const [index, user] of definitions.sources.entries()) checkUse(report, definitions, { at: ['sources', index], user });
  for (const [index, user] of definitions.publications.entries()) checkUse(report, definitions, { at: ['publications', index], user });
};
