import { readFileSync } from 'node:fs';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import type { ConfigOf, Setting, Settings } from './setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Text of a mounted secret. @throws when it cannot be read */
export type ReadFile = (path: string) => string;

const readText: ReadFile = (path) => readFileSync(path, 'utf8');

type Found =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'none' } | { readonly kind: 'problem'; readonly text: string };

/** An empty variable counts as missing: that is what templates leave behind when they have no value. */
const valueOf = (environment: Environment, variable: string): string | undefined => {
  const value = environment[variable]?.trim();
  return value === '' ? undefined : value;
};

const findSecret = (variable: string, environment: Environment, readFile: ReadFile): Found => {
  const value = valueOf(environment, variable);
  const path = valueOf(environment, `${variable}_FILE`);
  if (value !== undefined && path !== undefined)
    return { kind: 'problem', text: `${variable} and ${variable}_FILE are both set; set one of them` };
  if (path === undefined) return value === undefined ? { kind: 'none' } : { kind: 'text', text: value };
  try {
    // Editors and `echo` end a file with a line break that is no part of the secret.
    return { kind: 'text', text: readFile(path).replace(/\r?\n$/, '') };
  } catch (error) {
    return {
      kind: 'problem',
      text: `${variable}_FILE names ${path}, which cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
};

const find = ({ variable, secret }: Setting<unknown>, environment: Environment, readFile: ReadFile): Found => {
  if (secret) return findSecret(variable, environment, readFile);
  const text = valueOf(environment, variable);
  return text === undefined ? { kind: 'none' } : { kind: 'text', text };
};

const defaultText = ({ fallback }: Setting<unknown>): string => {
  if (fallback.kind === 'text') return `default ${fallback.text}`;
  return fallback.kind === 'required' ? 'required, there is no default' : 'optional';
};

/** Long values are cut, so that one problem stays one line. */
const shownMax = 60;
const show = ({ secret }: Setting<unknown>, text: string): string =>
  secret ? 'a value that is not shown' : JSON.stringify(text.length > shownMax ? `${text.slice(0, shownMax)}…` : text);

type Parsed = { readonly value: unknown } | { readonly problem: ConfigProblem };

const parseSetting = (setting: Setting<unknown>, found: Found): Parsed => {
  const { variable, allowed, fallback, parse } = setting;
  if (found.kind === 'problem') return { problem: { variable, text: found.text } };
  const rule = `must be ${allowed} (${defaultText(setting)})`;
  if (found.kind === 'none' && fallback.kind === 'optional') return { value: null };
  if (found.kind === 'none' && fallback.kind === 'required') return { problem: { variable, text: `${variable} is missing; it ${rule}` } };
  const text = found.kind === 'text' ? found.text : fallback.kind === 'text' ? fallback.text : '';
  const result = parse.safeParse(text);
  if (result.success) return { value: result.data };
  return { problem: { variable, text: `${variable} is ${show(setting, text)}; it ${rule}` } };
};

/**
 * Reads the whole configuration, once.
 * @param environment - `process.env`; variables that are empty count as missing
 * @returns a frozen object with one value per setting
 * @throws ConfigError that lists every problem
 */
export const parseConfig = <S extends Settings>(settings: S, environment: Environment, readFile: ReadFile = readText): ConfigOf<S> => {
  const parsed = Object.entries(settings).map(([name, setting]) => ({
    name,
    result: parseSetting(setting, find(setting, environment, readFile)),
  }));
  const problems = parsed.flatMap(({ result }) => ('problem' in result ? [result.problem] : []));
  if (problems.length > 0) throw new ConfigError(problems);
  const values = parsed.map(({ name, result }) => [name, 'value' in result ? result.value : null] as const);
  return Object.freeze(Object.fromEntries(values)) as ConfigOf<S>;
};
