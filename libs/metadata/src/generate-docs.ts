import { writeFile } from 'node:fs/promises';
import { definitionsJsonSchema } from './definitions-json-schema.ts';
import { definitionsReference } from './definitions-reference.ts';

/*
 * Writes docs/definitions.md and docs/definitions.schema.json: `node --conditions=@dsf/source libs/metadata/src/generate-docs.ts`
 */

const docs = new URL('../../../docs/', import.meta.url);

await writeFile(new URL('definitions.schema.json', docs), `${JSON.stringify(definitionsJsonSchema(), null, 2)}\n`);
await writeFile(new URL('definitions.md', docs), definitionsReference());
