import { LosslessNumber, stringify } from 'lossless-json';

/** A parsed message. A number that JavaScript's own would round is a `LosslessNumber` with its canonical text; every other number is exact as it is. */
export type Json = null | boolean | number | string | LosslessNumber | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json;
}
export type Scalar = boolean | number | string | LosslessNumber;

export const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
export const isScalar = (value: Json): value is Scalar | null =>
  value === null || typeof value !== 'object' || value instanceof LosslessNumber;

/** JSON text with every number exact. The value comes from JSON, so there is always a text. */
export const jsonText = (value: Json): string => stringify(value) ?? 'null';
