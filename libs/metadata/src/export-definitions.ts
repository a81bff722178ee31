import { Document, isScalar, Scalar, visit } from 'yaml';
import { z } from 'zod';
import { definitionsSchema } from './definitions.ts';
import type { Definitions } from './definitions.ts';
import { unwrapped } from './yaml/schema-fields.ts';

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The value without the fields that say what the schema's defaults say anyway. */
const withoutDefaults = (schema: z.core.$ZodType, value: unknown): unknown => {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value)) return value.map((item: unknown) => withoutDefaults(inner.element, item));
  if (!(inner instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value;
  const shape: Readonly<Record<string, z.core.$ZodType>> = inner.shape;
  const kept: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    const field = shape[name];
    if (member === undefined || (field instanceof z.ZodDefault && sameJson(field.def.defaultValue, member))) continue;
    kept.push([name, field === undefined ? member : withoutDefaults(field, member)]);
  }
  return Object.fromEntries(kept);
};

/**
 * Definitions as one YAML file that `parseDefinitions` reads back as the same definitions. What equals a default is left out.
 * @param schema - where editors find the JSON Schema, as an address or a path relative to the file
 */
export const exportDefinitions = (definitions: Definitions, schema = 'definitions.schema.json'): string => {
  const body = withoutDefaults(definitionsSchema, definitions);
  const header = `# yaml-language-server: $schema=${schema}\n`;
  // An empty file would be refused: it rather says that nothing is defined.
  const shown = typeof body === 'object' && body !== null && Object.keys(body).length > 0 ? body : { sources: [] };
  const document = new Document(shown, { aliasDuplicateObjects: false });
  visit(document, {
    Pair: (_, { key }) => {
      // Unquoted it would merge.
      if (isScalar(key) && key.value === '<<') key.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return `${header}${document.toString({ lineWidth: 0 })}`;
};
