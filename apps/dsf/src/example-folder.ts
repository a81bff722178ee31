import { join } from 'node:path';

/** The ready pipelines that come with DSF. */
export const exampleFolder = (name: 'shop' | 'github'): string => join(import.meta.dirname, '../../../examples', name);
