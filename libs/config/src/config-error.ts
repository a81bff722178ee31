export interface ConfigProblem {
  readonly variable: string;
  /** One sentence: what was found, what is allowed, the default. Never a secret. */
  readonly text: string;
}

/** Everything that is wrong with the configuration, at once. */
export class ConfigError extends Error {
  readonly kind = 'fatal';
  readonly code = 'config.invalid';
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super([`The configuration has ${count}:`, ...problems.map(({ text }) => `  ${text}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
