import { describe, expect, it } from 'vitest';
import { failureOf } from './verdict.ts';

describe('what BigQuery says', () => {
  it.each([
    ['quotaExceeded', 'retry', 'warehouse.quota'],
    ['rateLimitExceeded', 'retry', 'warehouse.quota'],
    ['backendError', 'retry', 'warehouse.away'],
    ['accessDenied', 'fatal', 'warehouse.permission'],
    ['billingNotEnabled', 'fatal', 'warehouse.billing'],
    ['notFound', 'retry', 'warehouse.table-missing'],
    ['invalidQuery', 'fatal', 'warehouse.statement'],
    ['duplicate', 'retry', 'warehouse.exists'],
  ])('%s is %s', (reason, kind, code) => {
    expect(failureOf(Object.assign(new Error('x'), { code: 400, errors: [{ reason }] }))).toMatchObject({ kind, code });
  });

  it('without a reason is told by its status, and an unknown error is tried again', () => {
    expect(failureOf(Object.assign(new Error('x'), { code: 429 }))).toMatchObject({ code: 'warehouse.quota' });
    expect(failureOf(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toMatchObject({ code: 'warehouse.away' });
    expect(failureOf(new Error('something new'))).toMatchObject({ kind: 'retry' });
  });

  it('about a purge of rows that were just appended (which the emulator deletes) is tried again, though BigQuery calls it an invalid query', () => {
    const message = 'UPDATE or DELETE statement over table p.d.t would affect rows in the streaming buffer, which is not supported';
    const failure = failureOf(Object.assign(new Error(message), { code: 400, errors: [{ reason: 'invalidQuery', message }] }));
    expect(failure).toMatchObject({ kind: 'retry', code: 'warehouse.rows-fresh' });
  });

  it('about missing credentials says where they are explained', () => {
    const failure = failureOf(new Error('Could not load the default credentials. Browse to …'));
    expect(failure).toMatchObject({ kind: 'fatal', code: 'warehouse.credentials', message: expect.stringContaining('docs/bigquery.md') });
  });
});
