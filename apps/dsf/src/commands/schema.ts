import { Command } from 'commander';
import { definitionsJsonSchema } from '@dsf/metadata';
import type { Session } from '../session.ts';

export const schemaCommand = (session: Session): Command =>
  new Command('schema')
    .summary('print the JSON Schema of definition files')
    .description('Prints the JSON Schema of definition files, for completion and checks in editors.')
    .option('--json', 'it always is JSON; for symmetry')
    .action(() => session.out.line(JSON.stringify(definitionsJsonSchema(), null, 2)));
