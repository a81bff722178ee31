import type { Catalog, ConnectionDefinition } from '@dsf/metadata';
import { didYouMean } from '@dsf/metadata';
import { Failure } from '@dsf/ports';
import type { Installation } from '@dsf/wiring';
import { CommandError, exitCodes } from './exit-codes.ts';
import type { Target } from './send-messages.ts';

const isMissing = (error: unknown): boolean => error instanceof Failure && error.code === 'transport.topic-missing';

interface Named {
  readonly definition: { readonly name: string; readonly transport: string; readonly partitions: number };
  readonly topic: string;
  readonly connection?: ConnectionDefinition;
  readonly isSource: boolean;
}

const named = ({ sources, publications }: Catalog): readonly Named[] => [
  ...sources.filter(({ retired }) => !retired).map((source) => ({ ...source, isSource: true })),
  ...publications.map((publication) => ({ ...publication, isSource: false })),
];

/**
 * The topic that a person means: by the name of a source or publication, by the topic that one of them names, or any that exists already.
 * Topics that definitions name are made here, as the services would.
 * @throws CommandError when there is none
 */
export const findTopic = async (installation: Installation, catalog: Catalog, word: string): Promise<Target> => {
  const all = named(catalog);
  const found = all.find(({ definition }) => definition.name === word) ?? all.find(({ topic }) => topic === word);
  if (found !== undefined) {
    const { definition, connection, isSource } = found;
    const transport = await installation.transport(definition.transport, connection);
    // A source may have another name for what is written elsewhere, as a subscription of Pub/Sub has.
    const topic = isSource && transport.inputOf !== undefined ? await transport.inputOf(found.topic) : found.topic;
    if (connection !== undefined) return { transport, topic, partitions: await transport.partitionCount(topic) };
    await transport.ensureTopic(topic, definition.partitions);
    return { transport, topic, partitions: definition.partitions };
  }
  const transport = installation.internal;
  try {
    return { transport, topic: word, partitions: await transport.partitionCount(word) };
  } catch (error) {
    if (!isMissing(error)) throw error;
    const names = [...new Set(all.flatMap(({ definition, topic }) => [definition.name, topic]))];
    throw new CommandError(
      exitCodes.failure,
      `there is no source, publication or topic called "${word}"`,
      didYouMean(word, names, 'source or publication yet'),
    );
  }
};
