import { describe, expect, it } from 'vitest';
import { assertCompatible } from './compatibility.ts';
import type { Connection, Row } from './connection.ts';
import { recordingConnection } from './recording-connection.ts';

const unknown = Object.assign(new Error("Invalid object name 'OPENJSON'."), { code: 'EREQUEST', number: 208, class: 16 });

/** @param row - what sys.databases says of the database; null where the question fails too */
const without = (row: Row | null): Connection => ({
  ...recordingConnection().connection,
  all: () => Promise.reject(unknown),
  first: () => (row === null ? Promise.reject(new Error('lost')) : Promise.resolve(row)),
});

describe('the compatibility level of a database', () => {
  it('is not asked for where the database has what DSF needs', async () => {
    const { connection, statements } = recordingConnection();
    await assertCompatible(connection);
    expect(statements).toHaveLength(1);
  });

  it('that is too low, as after a restore from an older server, stops with the statement that raises it', async () => {
    await expect(assertCompatible(without([110, 'old ] one']))).rejects.toMatchObject({
      kind: 'fatal',
      code: 'warehouse.compatibility-level',
      message: expect.stringContaining(
        '110, and below 130 lacks what DSF needs: ALTER DATABASE [old ]] one] SET COMPATIBILITY_LEVEL = 150',
      ),
      facts: { level: 110 },
    });
  });

  it('that is high enough is not blamed for another error', async () => {
    for (const row of [[150, 'dsf'], [130, 'dsf'], null]) await expect(assertCompatible(without(row))).rejects.toBe(unknown);
  });
});
