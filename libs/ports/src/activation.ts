import { definitionsSchema, findConflicts, sourceDefinition, type Definitions, type Problem, type Snapshot } from '@dsf/metadata';
import { Failure } from './failure.ts';

/*
 * What every metadata store decides and says alike when definitions become a version.
 */

/** Carries problems out of the transaction, so that it rolls back. */
export class Refusal extends Error {
  readonly problems: readonly Problem[];
  /** What the problems are in; null when the rows do not make definitions. */
  readonly definitions: Definitions | null;
  constructor(problems: readonly Problem[], definitions: Definitions | null = null) {
    super('refused');
    this.name = 'Refusal';
    this.problems = problems;
    this.definitions = definitions;
  }
}

/** A snapshot that an older DSF stored gets the defaults of fields that came later. @throws Failure `fatal` `metadata.version-unreadable` */
export const readSnapshot = (stored: string, version: number): Snapshot => {
  const snapshot = JSON.parse(stored) as Snapshot;
  try {
    return {
      ...snapshot,
      definitions: definitionsSchema.parse(snapshot.definitions),
      retiredSources: snapshot.retiredSources.map((source) => sourceDefinition.parse(source)),
    };
  } catch (error) {
    throw new Failure(
      'fatal',
      'metadata.version-unreadable',
      `version ${version} is not understood by this DSF: run the one that made it`,
      { version },
      { cause: error },
    );
  }
};

export const versionMissing = (version: number): Failure =>
  new Failure(
    'fatal',
    'metadata.version-missing',
    `there is no version ${version}: activate one, or restore the metadata that the rows were made by`,
    { version },
  );

/** @param cause - a foreign key of the config tables was refused */
export const referenceMissing = (cause: unknown): Failure =>
  new Failure(
    'fatal',
    'metadata.reference-missing',
    'a driver names a source, or a publication a driver, that is not defined',
    {},
    { cause },
  );

/** @throws Failure `fatal` `metadata.conflict` for definitions that the tables cannot hold beside each other */
export const refuseConflicts = (definitions: Definitions): void => {
  const conflicts = findConflicts(definitions);
  if (conflicts.length > 0)
    throw new Failure('fatal', 'metadata.conflict', conflicts.map(({ message, at }) => `${at.join('.')}: ${message}`).join('; '));
};

/**
 * Source partitions and groups belong to lanes by the number of lanes: on another number, records would be flattened again by other lanes and
 * groups counted twice. Once a service has claimed a lane, the number stands.
 * @returns the problem that it is then; null where the number stays
 */
export const lanesFixed = (before: Snapshot, { definitions }: Snapshot): Problem | null => {
  const [fixed, wanted] = [before.definitions.settings.lanes, definitions.settings.lanes];
  if (fixed === wanted) return null;
  return {
    code: 'settings.lanes-fixed',
    message: `the number of lanes is ${fixed} and cannot become ${wanted}, because services have begun to work on it`,
    hint: `Set lanes to ${fixed}, or move what they hold with \`dsf topics resize --lanes ${wanted}\` first.`,
    at: ['settings', 'lanes'],
    severity: 'error',
  };
};
