import { Failure } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { commitFailureOf, failureOf, refusedLater } from './verdict.ts';

const serverError = (number: number, message = 'words of the server', severity = 16): Error =>
  Object.assign(new Error(message), { code: 'EREQUEST', number, class: severity });
const verdictOf = (error: unknown): string => {
  const failure = failureOf(error, { lane: 1 });
  return failure instanceof Failure ? `${failure.kind} ${failure.code}` : 'none';
};

describe('the verdict on an error of SQL Server', () => {
  it.each([
    [1205, 'retry warehouse.deadlock'],
    [1222, 'retry warehouse.lock-timeout'],
    [3960, 'retry warehouse.snapshot-conflict'],
    [2627, 'retry warehouse.changed'],
    [2601, 'retry warehouse.changed'],
    [207, 'retry warehouse.changed'],
    [208, 'retry warehouse.changed'],
    [4891, 'retry warehouse.changed'],
    [4819, 'retry warehouse.changed'],
    [2801, 'retry warehouse.changed'],
    [601, 'retry warehouse.changed'],
    [3952, 'retry warehouse.snapshot-refused'],
    [5074, 'retry warehouse.column-used'],
    [4922, 'retry warehouse.column-used'],
    [1946, 'retry warehouse.column-used'],
    [9002, 'retry warehouse.log-full'],
    [1105, 'fatal warehouse.disk-full'],
    [823, 'fatal warehouse.corrupt'],
    [3906, 'retry warehouse.read-only'],
    [40613, 'retry warehouse.away'],
    [983, 'retry warehouse.away'],
    [6005, 'retry warehouse.away'],
    [701, 'retry warehouse.memory'],
    [18456, 'fatal warehouse.login'],
    [4060, 'fatal warehouse.database-missing'],
    [515, 'poison warehouse.data'],
    [8115, 'poison warehouse.data'],
    [2628, 'poison warehouse.data'],
    [102, 'fatal warehouse.statement'],
  ])('%i is %s', (number, verdict) => {
    expect(verdictOf(serverError(number))).toBe(verdict);
  });

  it('tells a foreign key from a check', () => {
    expect(verdictOf(serverError(547, 'The INSERT statement conflicted with the FOREIGN KEY constraint "FK_x".'))).toBe(
      'retry warehouse.changed',
    );
    expect(verdictOf(serverError(547, 'The INSERT statement conflicted with the CHECK constraint "CK_x".'))).toBe('poison warehouse.data');
  });

  it('goes by severity where nobody knows the number', () => {
    expect(verdictOf(serverError(99_999, 'x', 20))).toBe('retry warehouse.away');
    expect(verdictOf(serverError(99_999, 'x', 17))).toBe('retry warehouse.memory');
  });

  it('names the setting and the GRANT', () => {
    const denied = failureOf(serverError(229, "The INSERT permission was denied on the object 'dsf_raw', database 'dsf', schema 'dsf'."), {
      login: 'sql',
    });
    expect(denied).toMatchObject({
      kind: 'fatal',
      code: 'warehouse.permission',
      message: expect.stringContaining('the login of DSF_MSSQL_USER needs it: GRANT INSERT ON [dsf].[dsf_raw] TO'),
    });
    const create = failureOf(serverError(262, "CREATE TABLE permission denied in database 'dsf'."), {});
    expect(create).toMatchObject({ message: expect.stringContaining('GRANT CREATE TABLE TO') });
    expect(failureOf(serverError(18456, 'Login failed'), {})).toMatchObject({ message: expect.stringContaining('DSF_MSSQL_PASSWORD') });
  });

  it.each(['azure-default', 'azure-managed-identity', 'azure-service-principal'])('advises by the kind of login: %s', (login) => {
    const failed = Object.assign(new Error('no token'), { code: 'EFEDAUTH' });
    for (const error of [
      failed,
      serverError(18456, 'Login failed'),
      serverError(4060),
      serverError(229, 'The SELECT permission was denied'),
    ]) {
      expect(failureOf(error, { login })).toMatchObject({ message: expect.not.stringMatching(/DSF_MSSQL_(USER|PASSWORD)/) });
      expect(failureOf(error, { login: 'sql' })).toMatchObject({ message: expect.not.stringContaining('EXTERNAL PROVIDER') });
    }
    for (const error of [failed, serverError(18456, 'Login failed')])
      expect(failureOf(error, { login })).toMatchObject({
        code: 'warehouse.login',
        message: expect.stringMatching(/DSF_MSSQL_CLIENT_ID.*DSF_MSSQL_DATABASE.*CREATE USER .* FROM EXTERNAL PROVIDER/),
      });
    expect(failureOf(serverError(4060), { login })).toMatchObject({ message: expect.stringContaining('FROM EXTERNAL PROVIDER') });
  });

  it.each([
    [4834, 'You do not have permission to use the bulk load statement.', 'fatal warehouse.permission'],
    [99_999, 'permission denied for table lane', 'fatal warehouse.permission'],
    [15_151, 'Cannot find the object, because it does not exist or you do not have permission.', 'retry warehouse.changed'],
  ])('knows a denial by its words where nobody listed its number: %i', (number, words, verdict) => {
    expect(verdictOf(serverError(number, words))).toBe(verdict);
  });

  it.each([
    ['ESOCKET', 'retry warehouse.away'],
    ['ECONNCLOSED', 'retry warehouse.away'],
    ['ETIMEOUT', 'retry warehouse.timeout'],
    ['ELOGIN', 'fatal warehouse.login'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'fatal warehouse.certificate'],
  ])('of the driver: %s is %s', (code, verdict) => {
    expect(verdictOf(Object.assign(new Error('words'), { code }))).toBe(verdict);
  });

  it('finds the number behind what the driver has wrapped around it', () => {
    expect(verdictOf(Object.assign(new Error('outer'), { code: 'ELOGIN', originalError: serverError(4060) }))).toBe(
      'fatal warehouse.database-missing',
    );
  });

  it('shows no value of a message', () => {
    const failure = failureOf(serverError(2627, 'Violation of PRIMARY KEY. The duplicate key value is (secret, 1).'), {});
    expect(failure).toMatchObject({ message: expect.not.stringContaining('secret') });
  });

  it('of a commit that was lost on its way says that nobody knows, and of any other what it is', () => {
    expect(commitFailureOf(Object.assign(new Error('gone'), { code: 'ESOCKET' }), {})).toMatchObject({
      kind: 'retry',
      code: 'warehouse.commit-unknown',
    });
    expect(commitFailureOf(serverError(823), {})).toMatchObject({ kind: 'fatal', code: 'warehouse.corrupt' });
  });

  it('leaves alone what is none of its business', () => {
    const error = new Error('a defect');
    expect(failureOf(error, {})).toBe(error);
  });
});

describe('a login that is refused after it was taken once', () => {
  it.each([4060, 18456, 18452])('(%i) is tried again: the server may still be starting', (number) => {
    const failure = failureOf(serverError(number), {});
    expect(failure).toMatchObject({ kind: 'fatal' });
    expect(refusedLater(failure)).toMatchObject({
      kind: 'retry',
      code: (failure as Failure).code,
      message: expect.stringContaining('It worked before'),
    });
  });

  it.each([229, 102])('is told from everything else (%i), which stays as it is', (number) => {
    const failure = failureOf(serverError(number), {});
    expect(refusedLater(failure)).toBe(failure);
  });
});
