import { describe, expect, it } from 'vitest';
import { guideBlocks } from './guide-statements.ts';
import { batchesOf } from './migrations.ts';

const batchesIn = (block: string): readonly string[] => batchesOf(block, 'dsf');
const writes = /\b(?:INSERT INTO|UPDATE|DELETE|MERGE|EXEC|ALTER TABLE)\b(?=[^\n]* dsf(?:_config|_state)?\.|[^\n]*\[dsf)/;

describe('the SQL of the guide', () => {
  it('is run with QUOTED_IDENTIFIER on wherever it writes, which sqlcmd without -I and jobs of the Agent have off', () => {
    const writing = guideBlocks().filter((block) => writes.test(block));
    // Definitions, activation, what grows, deferred changes.
    expect(writing).toHaveLength(4);
    for (const block of writing) expect(batchesIn(block)[0]).toBe('SET QUOTED_IDENTIFIER ON;');
  });

  it('makes a database in a batch of its own', () => {
    const making = guideBlocks().filter((block) => block.includes('CREATE DATABASE'));
    expect(making).toHaveLength(2);
    for (const block of making)
      expect(batchesIn(block).filter((batch) => batch.includes('CREATE DATABASE'))).toEqual([
        expect.stringMatching(/^CREATE DATABASE \[dsf\];[^;]*$/),
      ]);
  });
});
