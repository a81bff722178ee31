import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { definitionsJsonSchema } from './definitions-json-schema.ts';
import { definitionsReference } from './definitions-reference.ts';

const committed = (name: string): Promise<string> => readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

describe('the generated documents', () => {
  it('the committed reference says what the schemas say', async () => {
    expect(await committed('definitions.md')).toBe(definitionsReference());
  });

  it('the committed JSON Schema says what the schemas say', async () => {
    expect(JSON.parse(await committed('definitions.schema.json'))).toEqual(definitionsJsonSchema());
  });
});
