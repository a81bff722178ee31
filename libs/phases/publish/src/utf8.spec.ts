import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { utf8 } from './utf8.ts';

it('LAW: writes each text as a TextEncoder does, whatever is written before and after it', () => {
  const texts = fc.array(
    fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ unit: 'binary', minLength: 2000, maxLength: 4000 })),
    {
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(texts, (all) => {
      const written = all.map(utf8);
      for (const [index, text] of all.entries()) expect(written[index]).toEqual(new TextEncoder().encode(text));
    }),
  );
});
