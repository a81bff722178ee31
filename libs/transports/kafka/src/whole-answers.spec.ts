import { describe, expect, it } from 'vitest';
import { gatherAnswers } from './whole-answers.ts';

const answer = (bytes: number, fill: number): Buffer => {
  const made = Buffer.alloc(4 + bytes, fill);
  made.writeInt32BE(bytes);
  return made;
};

const gather = (pieces: readonly Buffer[]): readonly Buffer[] => {
  const emitted: Buffer[] = [];
  const take = gatherAnswers((bytes) => emitted.push(bytes));
  // As the socket does: the same memory for each piece.
  const memory = Buffer.alloc(1_000_000);
  for (const piece of pieces) take(memory.subarray(0, piece.copy(memory)));
  return emitted;
};

const cut = (bytes: Buffer, size: number): readonly Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));

describe('what a socket reads', () => {
  const answers = [answer(10, 1), answer(0, 0), answer(1, 2), answer(70_000, 3), answer(4, 4), answer(300_000, 5)];

  it('is handed on as whole answers, wherever it was cut', () => {
    for (const size of [1, 2, 3, 4, 5, 7, 13, 14, 15, 4096, 65_536, 1_000_000])
      expect(gather(cut(Buffer.concat(answers), size)), `pieces of ${size}`).toEqual(answers);
  });

  it('is handed on as it comes once a length says that it is none of Kafka', () => {
    const foreign = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');
    for (const size of [1, 3, 1000]) {
      const emitted = gather(cut(Buffer.concat([answer(10, 1), foreign]), size));
      expect(emitted[0]).toEqual(answer(10, 1));
      expect(Buffer.concat(emitted.slice(1)), `pieces of ${size}`).toEqual(foreign);
    }
  });

  it('is not handed on before the answer is whole', () => {
    expect(gather([answer(10, 1).subarray(0, 13)])).toEqual([]);
    expect(gather([])).toEqual([]);
  });
});
