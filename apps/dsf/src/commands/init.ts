import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { exampleFolder } from '../example-folder.ts';
import { jsonText } from '../json-text.ts';
import type { Session } from '../session.ts';

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const cannot = (folder: string, error: unknown): CommandError =>
  new CommandError(
    exitCodes.failure,
    `the example cannot be written to ${folder}: ${error instanceof Error ? error.message : String(error)}`,
  );

/** Copies every file, after it is sure that none is there: half an example beside somebody's own files helps nobody. */
const copyExample = async (from: string, to: string): Promise<readonly string[]> => {
  const files = (await readdir(from, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(from.length + 1))
    .toSorted();
  const taken: string[] = [];
  for (const file of files) if (await isThere(join(to, file))) taken.push(file);
  if (taken.length > 0)
    throw new CommandError(exitCodes.failure, `${to} already has ${taken.join(', ')}; nothing was written`, 'choose another folder');
  for (const file of files) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    await copyFile(join(from, file), join(to, file), constants.COPYFILE_EXCL);
  }
  return files;
};

export const initCommand = (session: Session): Command =>
  new Command('init')
    .summary('write a commented example to start from')
    .description('Writes a commented example into a folder: definitions in YAML, and sample messages. Overwrites nothing.')
    .argument('<folder>', 'folder to write to; made when it is not there')
    .option('--json', 'print the names of the files as JSON')
    .action(async (folder: string, { json = false }: { readonly json?: boolean }) => {
      const files = await copyExample(exampleFolder('shop'), folder).catch((error: unknown) => {
        throw error instanceof CommandError ? error : cannot(folder, error);
      });
      if (json) return session.out.line(jsonText({ folder, files }));
      for (const file of files) await session.out.line(join(folder, file));
      await session.talk.line(
        `\nnext:\n  dsf apply ${folder}\n  dsf produce shop.orders ${join(folder, 'orders.jsonl')} --key id\n  dsf run --until-idle\n  dsf tables`,
      );
    });
