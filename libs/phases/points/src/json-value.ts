import type { Value } from '@dsf/messages';
import { canonicalDecimal } from './canonical-decimal.ts';

type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => Value;

const revive: Reviver = (_name, value, { source }) => {
  if (typeof value === 'number') return { n: canonicalDecimal(source ?? String(value)) };
  if (Array.isArray(value)) return { l: value as Value[] };
  // Members were revived before their owner, so they are Values already.
  if (typeof value === 'object' && value !== null) return { m: value as Record<string, Value> };
  return value as Value;
};

/**
 * JSON text as a Value, numbers with every digit that was written.
 * @throws SyntaxError, ExpressionError (a number of more than 1,000 digits)
 */
export const jsonValue = (text: string): Value =>
  JSON.parse(text, revive as (this: unknown, name: string, value: unknown) => unknown) as Value;
