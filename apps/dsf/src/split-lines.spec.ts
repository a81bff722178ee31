import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineTooLongError, splitLines } from './split-lines.ts';

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
    const to = from + (sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(from, to);
    from = to;
  }
}

const collect = async (bytes: Uint8Array, sizes: readonly number[] = [7], max = 1000): Promise<readonly string[]> => {
  const lines: string[] = [];
  for await (const some of splitLines(chunksOf(bytes, sizes), max)) lines.push(...some.map((line) => Buffer.from(line).toString('latin1')));
  return lines;
};

describe('splitLines', () => {
  it('gives what stands between line feeds, byte by byte, however the chunks are cut', async () => {
    const line = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((byte) => byte !== 0x0a));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        fc.boolean(),
        async (lines, sizes, ended) => {
          const joined = lines.map((bytes) => Buffer.from(bytes).toString('latin1')).join('\n');
          const bytes = Buffer.from(ended && lines.length > 0 ? `${joined}\n` : joined, 'latin1');
          // Without a line feed behind it, an empty last line is no line.
          const wanted = lines.map((each) => Buffer.from(each).toString('latin1'));
          if (!ended && wanted.at(-1) === '') wanted.pop();
          expect(await collect(bytes, sizes)).toEqual(wanted);
        },
      ),
    );
  });

  it('keeps carriage returns, blanks, empty lines and bytes that are no text', async () => {
    expect(await collect(Buffer.from(' a \r\n\n\xff\xfe\n', 'latin1'))).toEqual([' a \r', '', '\xff\xfe']);
  });

  it('hands lines on with the chunk that completes them', async () => {
    const given = splitLines(chunksOf(Buffer.from('one\ntw'), [6]), 100);
    expect((await given.next()).value).toHaveLength(1);
  });

  it('refuses a line that is too long, with its number, after handing on those before it', async () => {
    for (const sizes of [[3], [1000]]) {
      const seen: number[] = [];
      const read = async (): Promise<void> => {
        for await (const lines of splitLines(chunksOf(Buffer.from('a\nbb\nccccccccc\nd\n'), sizes), 5)) seen.push(lines.length);
      };
      await expect(read()).rejects.toMatchObject({ name: LineTooLongError.name, line: 3 });
      expect(seen.reduce((sum, count) => sum + count, 0)).toBe(2);
    }
  });

  it('takes a line of exactly the limit', async () => {
    expect(await collect(Buffer.from('12345\n12345'), [2], 5)).toEqual(['12345', '12345']);
  });
});
