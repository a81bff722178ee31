import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const call = (helm: string, parameters: readonly string[]): Promise<Rendered> =>
  new Promise((resolve) => {
    execFile(helm, [...parameters], { encoding: 'utf8', maxBuffer: 64e6 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, said: `${stdout}${stderr}` }),
    );
  });

/** The chart with its notes as a manifest: Helm 3 shows them only to who has a cluster, but renders them like every other template. */
const chartOfNotes = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'dsf-chart-'));
  cpSync(chart, folder, { recursive: true });
  const notes = readFileSync(join(chart, 'templates/NOTES.txt'), 'utf8');
  writeFileSync(join(folder, 'templates/_notes.tpl'), `{{- define "notes" -}}\n${notes}\n{{- end -}}\n`);
  const shown = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: notes }\ndata:\n  notes: |\n{{ include "notes" . | indent 4 }}\n';
  writeFileSync(join(folder, 'templates/shown.yaml'), shown);
  return folder;
};

/** A Helm program over the chart of this repository. The same values are rendered once: the chart does not change while tests look at it. */
export const createHelm = (program: string) => {
  const rendered = new Map<string, Promise<Rendered>>();
  return {
    version: async (): Promise<string> => (await call(program, ['version', '--short'])).stdout.trim(),
    template(values: Values): Promise<Rendered> {
      const key = JSON.stringify(values);
      const known = rendered.get(key) ?? call(program, ['template', 'dsf', chart, '--namespace', 'streams', ...valuesArguments(values)]);
      rendered.set(key, known);
      return known;
    },
    lint: (values: Values): Promise<Rendered> => call(program, ['lint', '--strict', chart, ...valuesArguments(values)]),
    /** What is shown after an installation; that of Helm 3 wants a cluster. */
    notes: (values: Values): Promise<Rendered> =>
      call(program, ['install', 'dsf', chart, '--dry-run=client', '--namespace', 'streams', ...valuesArguments(values)]),
    /** The same text, without an installation. */
    async renderedNotes(values: Values): Promise<Rendered> {
      const folder = chartOfNotes();
      const parameters = ['template', 'dsf', folder, '--namespace', 'streams', '--show-only', 'templates/shown.yaml'];
      try {
        return await call(program, [...parameters, ...valuesArguments(values)]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
};
