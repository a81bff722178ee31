import type { OxlintConfig } from 'oxlint';

const specs = ['**/*.spec.ts', 'libs/testing/**'];

/** Rules that find faults. What prettier settles and what is a matter of taste alone is not here. */
const config: OxlintConfig = {
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vitest'],
  jsPlugins: ['./tools/oxlint-rules.ts'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  env: { node: true, es2026: true },
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['**/golden/**', '**/generated/**'],
  rules: {
    'dsf/arrows': 'error',
    'dsf/no-ambient-time': 'error',
    'dsf/no-environment': 'error',
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'import/no-duplicates': 'error',

    eqeqeq: 'error',
    'no-console': 'error',
    'no-param-reassign': 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
    'max-depth': ['error', 4],
    'max-lines': ['error', { max: 350, skipBlankLines: true }],
    'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    'max-params': ['error', 4],

    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/prefer-promise-reject-errors': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'unicorn/prefer-node-protocol': 'error',

    // Order matters here: records are taken one after the other, and a lane sends before it goes on.
    'no-await-in-loop': 'off',
    // A factory's inner functions belong to the factory, also those that use nothing of it.
    'unicorn/consistent-function-scoping': 'off',
    // Entry points and registrations import for effect.
    'import/no-unassigned-import': 'off',
    'no-shadow': 'off',
    // What a closure changes is changed elsewhere.
    'no-unmodified-loop-condition': 'off',
    // big.js and fast-check export themselves twice.
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off',
    'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', '*.expect*', 'assert*', 'check*', 'fc.assert'] }],
    // tsc proves that each path of a switch over a union returns.
    'consistent-return': 'off',
    // At the edge, parsed bytes become a type by assertion; the no-unsafe rules above catch what nobody asserted.
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-unnecessary-type-parameters': 'off',
    // Code points are what is meant.
    'typescript/no-misused-spread': 'off',
    // `[...text].length` counts code points, and `...[a, b]` groups the parameters of a statement.
    'unicorn/no-useless-spread': 'off',
    // Threads have no origin; browsers do.
    'unicorn/require-post-message-target-origin': 'off',
    // Gauges register themselves, and a promise chain may end in an effect.
    'no-new': 'off',
    'promise/always-return': 'off',
    // `expect(value, what)` says what was compared; laws and tables compare in helpers and branches.
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'vitest/no-conditional-expect': 'off',
    'vitest/no-standalone-expect': 'off',
    // Slower than what they replace, or as fast, for the small lists that we have.
    'oxc/no-map-spread': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/prefer-set-has': 'off',
  },
  overrides: [
    {
      files: specs,
      rules: {
        'max-lines-per-function': 'off',
        'max-params': 'off',
        // expect.any() and its sisters are any.
        'typescript/no-unsafe-assignment': 'off',
        'max-lines': ['error', { max: 600, skipBlankLines: true }],
        'vitest/no-restricted-vi-methods': ['error', { mock: 'Fakes of ports, never mocks of modules.', doMock: 'Fakes of ports.' }],
      },
    },
    { files: ['apps/**', 'tools/**'], rules: { 'no-console': 'off' } },
    {
      // Plain JavaScript, so that it also runs where this repository's own Node.js is not installed yet.
      files: ['**/*.mjs'],
      rules: {
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-assignment': 'off',
        'typescript/no-unsafe-call': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
      },
    },
    // An error is made of its verdict, code, message, facts and cause; everything else takes three or four.
    { files: ['libs/ports/src/failure.ts'], rules: { 'max-params': ['error', 5] } },
    { files: ['*.config.ts', 'tools/oxlint-rules.ts', 'tools/counts-reporter.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
};

export default config;
