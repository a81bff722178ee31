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
  if (user.connection === undefined)
    report.error([...at, 'transport'], {
      code: 'connection.missing',
      message: '`transport: kafka` needs a `connection`',
      hint: 'define one under `connections` and name it here',
    });
  else if (connectionOf(definitions, user) === null)
    report.error([...at, 'connection'], {
      code: 'connection.unknown',
      message: `there is no connection named \`${user.connection}\``,
      hint: didYouMean(
        user.connection,
        definitions.connections.map(({ name }) => name),
        'connection',
      ),
    });
};

export const checkConnections = (report: Report, definitions: Definitions): void => {
  for (const [index, { sasl, tls }] of definitions.connections.entries()) {
    const at = ['connections', index];
    if (sasl !== undefined) checkLogin(report, at, sasl);
    if ((tls?.cert_file === undefined) !== (tls?.key_file === undefined))
      report.error([...at, 'tls'], {
        code: 'connection.tls',
        message: 'a certificate of the client needs its key',
        hint: 'give `cert_file` and `key_file`',
      });
  }
  for (const [index, user] of definitions.sources.entries()) checkUse(report, definitions, { at: ['sources', index], user });
  for (const [index, user] of definitions.publications.entries()) checkUse(report, definitions, { at: ['publications', index], user });
};
