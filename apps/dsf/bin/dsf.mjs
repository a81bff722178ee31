#!/usr/bin/env -S node --conditions=@dsf/source --disable-warning=ExperimentalWarning
// Plain JavaScript on purpose: it must run, and say what is missing, on a Node.js that cannot read the rest.
const wanted = 26;
const major = Number(process.versions.node.split('.')[0]);

if (major >= wanted) {
  await import('../src/main.ts');
} else {
  process.stderr.write(
    `dsf needs Node.js ${wanted} or newer, and this is ${process.versions.node} (${process.execPath}).\n` +
      'Inside the repository, run it as `npx dsf …`: that uses the Node.js that `npm ci` installed.\n',
  );
  process.exitCode = 1;
}
