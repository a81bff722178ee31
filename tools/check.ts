/**
 * Runs one check, such as the linter, and leaves its Counts beside those of the suites.
 * Usage: node tools/check.ts <name> <command> [arguments…]; ends with the exit code of the command.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { none } from './counts.ts';
import type { Counts } from './counts.ts';

const [name = '', command = '', ...rest] = process.argv.slice(2);
const { status, error } = spawnSync(command, rest, { stdio: 'inherit' });
if (error !== undefined) console.error(`${command}: ${error.message}`);
const counts: Counts = status === 0 ? { ...none, passed: 1 } : { ...none, failed: [name] };
mkdirSync('.results/checks', { recursive: true });
writeFileSync(`.results/checks/${name.replace(':', '-')}.json`, JSON.stringify(counts));
process.exitCode = status ?? 1;
