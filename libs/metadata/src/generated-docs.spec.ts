import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { buildCatalog } from './build-catalog.ts';
import { definitionsJsonSchema } from './definitions-json-schema.ts';
import { definitionsReference } from './definitions-reference.ts';
import { freshSnapshot } from './fresh-snapshot.ts';
import { parseDefinitions } from './parse-definitions.ts';

const committed = (name: string): Promise<string> => readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

describe('the generated documents', () => {
  it('the committed reference says what the schemas say', async () => {
    expect(await committed('definitions.md')).toBe(definitionsReference());
  });

  it('the committed JSON Schema says what the schemas say', async () => {
    expect(JSON.parse(await committed('definitions.schema.json'))).toEqual(definitionsJsonSchema());
  });

  it('the examples of the reference are right', () => {
    const examples = [...definitionsReference().matchAll(/```yaml\n((?:settings|sources|drivers|publications):[^`]*)```/g)].map(
      ([, example = '']) => example,
    );
    const parsed = parseDefinitions(examples.map((text, index) => ({ name: `${index}.yaml`, text })));
    expect(parsed.problems).toEqual([]);
    if (parsed.definitions === null) return;
    const { problems } = buildCatalog(freshSnapshot(null, parsed.definitions), 1);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});
