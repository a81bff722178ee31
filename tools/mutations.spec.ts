import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pairs, readSeeds } from './mutate.ts';
import { mutations } from './mutations.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

describe('guards that are taken out', () => {
  it.each(Object.entries(mutations))('stand in the text where they are looked for: %s', (_name, { edits }) => {
    for (const { file, find } of edits) expect(readFileSync(`${root}${file}`, 'utf8').split(find), `${file}: ${find}`).toHaveLength(2);
  });

  it('are known by the seeds that are remembered', () => {
    const known = [...Object.keys(mutations), ...pairs.map((pair) => pair.join())];
    expect(Object.keys(readSeeds()).filter((name) => !known.includes(name))).toEqual([]);
  });
});
