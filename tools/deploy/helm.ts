import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

const chart = 'helm/dsf';

export interface Rendered {
  readonly ok: boolean;
  readonly stdout: string;
  /** Everything that Helm said. */
  readonly said: string;
}

export interface Values {
  /** A file in helm/values, without its ending. */
  readonly base?: string;
  readonly values?: object;
}

let counter = 0;

const valuesArguments = ({ base, values }: Values): readonly string[] => {
  const files = base === undefined ? [] : ['-f', `helm/values/${base}.yaml`];
  if (values === undefined) return files;
  counter += 1;
  const file = join(tmpdir(), `dsf-values-${process.pid}-${counter}.yaml`);
  writeFileSync(file, stringify(values));
  return [...files, '-f', file];
};

const call = (helm: string, parameters: readonly string[]): Rendered => {
  const { status, stdout, stderr } = spawnSync(helm, [...parameters], { encoding: 'utf8', maxBuffer: 64e6 });
  return { ok: status === 0, stdout, said: `${stdout}${stderr}` };
};

/** A Helm program over the chart of this repository. */
export const createHelm = (program: string) => ({
  version: (): string => call(program, ['version', '--short']).stdout.trim(),
  template: (values: Values): Rendered => call(program, ['template', 'dsf', chart, '--namespace', 'streams', ...valuesArguments(values)]),
  lint: (values: Values): Rendered => call(program, ['lint', '--strict', chart, ...valuesArguments(values)]),
  /** What is shown after an installation. */
  notes: (values: Values): Rendered =>
    call(program, ['install', 'dsf', chart, '--dry-run=client', '--namespace', 'streams', ...valuesArguments(values)]),
});
