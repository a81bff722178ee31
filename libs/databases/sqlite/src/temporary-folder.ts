import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for one spec; `discard` removes it with all that is in it. */
export interface TemporaryFolder {
  readonly file: (name: string) => string;
  readonly discard: () => void;
}

export const temporaryFolder = (): TemporaryFolder => {
  const folder = mkdtempSync(join(tmpdir(), 'dsf-sqlite-'));
  return { file: (name) => join(folder, name), discard: () => rmSync(folder, { recursive: true, force: true }) };
};
