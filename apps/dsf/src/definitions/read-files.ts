import { loadDefinitions, type Definitions, type LoadedDefinitions } from '@dsf/metadata';
import type { Session } from '../session.ts';
import { refuseErrors } from './say-problems.ts';

export type ReadFiles = LoadedDefinitions & { readonly definitions: Definitions };

/** Definitions out of files and folders. @throws CommandError `refused`, after saying every problem */
export const readFiles = async (session: Session, paths: readonly string[], json = false): Promise<ReadFiles> => {
  const loaded = await loadDefinitions(paths);
  await refuseErrors(session, loaded.problems, { texts: loaded.texts, json });
  const { definitions } = loaded;
  if (definitions === null) throw new Error('definitions without problems are missing');
  return { ...loaded, definitions };
};
