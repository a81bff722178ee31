import { describe, expect, it } from 'vitest';
import { buildCatalog } from '../build-catalog.ts';
import { freshSnapshot } from '../fresh-snapshot.ts';
import { planChanges } from '../plan-changes.ts';
import { parseDefinitions } from '../parse-definitions.ts';

const problemsOf = (text: string) => {
  const parsed = parseDefinitions([{ name: 'dsf.yaml', text }]);
  if (parsed.definitions === null) return parsed.problems;
  return buildCatalog(freshSnapshot(null, parsed.definitions), 1).problems.map(parsed.withLocation);
};
const kafka = (rest: string) => `connections:\n  - name: plant\n    brokers: [a:9092]\n${rest}`;

describe('connections', () => {
  it('may be used by sources and publications, and stand in the catalog beside them', () => {
    const text = kafka('sources:\n  - { name: orders, transport: kafka, connection: plant }\n  - { name: local }\n');
    const { definitions } = parseDefinitions([{ name: 'dsf.yaml', text }]);
    if (definitions === null) throw new Error('the definitions are sound');
    const { catalog, problems } = buildCatalog(freshSnapshot(null, definitions), 1);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    const plant = { name: 'plant', kind: 'kafka', brokers: ['a:9092'], client_id: 'dsf' };
    expect(catalog?.sources.map(({ connection }) => connection)).toEqual([plant, undefined]);
  });

  it('are part of the plan when they change and are used', () => {
    const catalogOf = (broker: string) => {
      const text = `connections:\n  - { name: plant, brokers: ['${broker}'] }\nsources:\n  - { name: s, transport: kafka, connection: plant }\n`;
      const { definitions } = parseDefinitions([{ name: 'dsf.yaml', text }]);
      const { catalog } = definitions === null ? { catalog: null } : buildCatalog(freshSnapshot(null, definitions), 1);
      if (catalog === null) throw new Error('the definitions are sound');
      return catalog;
    };
    expect(planChanges(catalogOf('a:1'), catalogOf('a:1'))).toEqual([]);
    expect(planChanges(catalogOf('a:1'), catalogOf('b:1'))).toMatchObject([{ subject: 'source', name: 's', fields: ['connection'] }]);
  });

  it.each([
    ['a source that names none', kafka('sources:\n  - { name: s, transport: kafka }\n'), 'connection.missing', 5],
    ['one that is not there', kafka('sources:\n  - { name: s, transport: kafka, connection: plan }\n'), 'connection.unknown', 5],
    ['one for the local log', kafka('sources:\n  - { name: s, connection: plant }\n'), 'connection.unused', 5],
    ['a login without a password', kafka('    sasl: { mechanism: plain, username_env: A }\n'), 'connection.login', 4],
    [
      'two places for one secret',
      kafka('    sasl: { mechanism: plain, username_env: A, password_env: B, password_file: c }\n'),
      'connection.login',
      4,
    ],
    ['a password for a token', kafka('    sasl: { mechanism: oauthbearer, token_file: t, password_env: B }\n'), 'connection.login', 4],
    ['a certificate without its key', kafka('    tls: { cert_file: c.pem }\n'), 'connection.tls', 4],
    ['two of one name', kafka('  - { name: PLANT, brokers: [b:1] }\n'), 'name.duplicate', 4],
    ['a broker without a port', 'connections:\n  - { name: plant, brokers: [a] }\n', 'definitions.bad-value', 2],
    ['a password in clear', kafka('    sasl: { mechanism: plain, username_env: A, password: hunter2 }\n'), 'definitions.unknown-field', 4],
  ])('refuses %s, and says where', (_, text, code, line) => {
    const problems = problemsOf(text);
    expect(problems).toContainEqual(
      expect.objectContaining({ code, severity: 'error', location: expect.objectContaining({ line }) as unknown }),
    );
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});
