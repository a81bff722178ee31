import { z } from 'zod';

/*
 * Looks into the schemas: which fields an object may have, which of two forms a person meant.
 */

/** The schema without `optional`, `default`, `nullable` around it. */
export const unwrapped = (schema: z.core.$ZodType): z.core.$ZodType => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return unwrapped(schema.def.innerType);
  return schema;
};

const optionsOf = (schema: z.core.$ZodType): readonly z.core.$ZodType[] => {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodUnion ? inner.options.flatMap(optionsOf) : [inner];
};

const step = (schema: z.core.$ZodType, name: string | number): readonly z.core.$ZodType[] =>
  optionsOf(schema).flatMap((option): readonly z.core.$ZodType[] => {
    if (option instanceof z.ZodObject) {
      const shape: Readonly<Record<string, z.core.$ZodType>> = option.shape;
      const member = Object.hasOwn(shape, name) ? shape[name] : undefined;
      return member === undefined ? [] : [member];
    }
    if (option instanceof z.ZodArray) return [option.element];
    return option instanceof z.ZodRecord ? [option.valueType] : [];
  });

const schemasAt = (schema: z.core.$ZodType, at: readonly (string | number)[]): readonly z.core.$ZodType[] => {
  let here: readonly z.core.$ZodType[] = [schema];
  for (const name of at) here = here.flatMap((candidate) => step(candidate, name));
  return here.flatMap(optionsOf);
};

/** Names of the fields that an object at this place may have. */
export const fieldsAt = (schema: z.core.$ZodType, at: readonly (string | number)[]): readonly string[] =>
  schemasAt(schema, at).flatMap((option) => (option instanceof z.ZodObject ? Object.keys(option.shape) : []));

/** Fixed words that may stand at this place. */
export const wordsAt = (schema: z.core.$ZodType, at: readonly (string | number)[]): readonly string[] =>
  schemasAt(schema, at).flatMap((option) => (option instanceof z.ZodEnum ? option.options.map(String) : []));
