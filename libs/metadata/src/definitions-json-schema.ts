import { z } from 'zod';
import { definitionsSchema } from './definitions.ts';

/**
 * JSON Schema (draft 7, which editors' YAML support understands best) of a file of definitions: a mapping, or a list of such mappings.
 */
export const definitionsJsonSchema = (): Readonly<Record<string, unknown>> => {
  const { $schema, definitions, ...file } = z.toJSONSchema(definitionsSchema, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  return {
    $schema,
    title: 'DSF definitions',
    ...(definitions === undefined ? {} : { definitions }),
    anyOf: [file, { type: 'array', items: file }],
  };
};
