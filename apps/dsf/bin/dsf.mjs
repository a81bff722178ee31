#!/usr/bin/env -S node --conditions=@dsf/source --disable-warning=ExperimentalWarning
// Plain JavaScript on purpose: it must run, and say what is missing, on a Node.js that cannot read the rest.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const wanted = 26;
const major = Number(process.versions.node.split('.')[0]);

if (major >= wanted) {
  // Compiled code is kept beside the packages: the next start takes half the time. Where nobody may write there, nothing is kept.
  module.enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/dsf', import.meta.url)));
  await import('../src/main.ts');
} else {
  process.stderr.write(
    `dsf needs Node.js ${wanted} or newer, and this is ${process.versions.node} (${process.execPath}).\n` +
      'Inside the repository, run it as `npx dsf …`: that uses the Node.js that `npm ci` installed.\n',
  );
  process.exitCode = 1;
}
