import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { configSections, renderReference } from './reference.ts';
import { integer, secret } from './setting.ts';

const page = fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url));

it('is in docs/configuration.md as it stands; `vitest run libs/config -u` writes it anew', async () => {
  await expect(renderReference(configSections)).toMatchFileSnapshot(page);
});

it('shows variable, meaning, rule and default, and the files of secrets', () => {
  const settings = {
    lanes: integer({ variable: 'LANES', min: 1, max: 9, about: 'How many | lanes.' }),
    key: secret({ variable: 'KEY', about: 'The key.' }),
  };
  const text = renderReference([{ title: 'Test', about: 'Settings.', settings }]);
  expect(text).toMatch(/\| `LANES` +\| How many \\\| lanes\. \| an integer 1\.\.9 +\| required \|/);
  expect(text).toContain('| `KEY`, `KEY_FILE` | The key.');
});

it('names every variable once', () => {
  const names = configSections.flatMap(({ settings }) => Object.values(settings).map(({ variable }) => variable));
  expect(new Set(names).size).toBe(names.length);
});
