import { expect, it } from 'vitest';
import { platformTools } from './tools.ts';

it('hashes bytes as everybody else does (FIPS 180-4), with memory of its own for each', () => {
  const of = (text: string): Uint8Array => platformTools.sha256(new TextEncoder().encode(text));
  const abc = of('abc');
  expect(of('').toHex()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(abc.toHex()).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
