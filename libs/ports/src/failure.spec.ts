import { describe, expect, it } from 'vitest';
import { fitScope, scopeLengthMax } from './failure.ts';

describe('the scope of a failure', () => {
  it('stays as it is while it fits', () => {
    for (const scope of ['', 'd@00000001/7', 'x'.repeat(scopeLengthMax)]) expect(fitScope(scope)).toBe(scope);
  });

  it('that is too long is cut, keeps the longest name of an instance, and differs where the whole does', () => {
    const instance = `${'d'.repeat(120)}@00000001`;
    const scopes = ['a', 'b', 'a '].map((end) => `${instance}/["${'k'.repeat(5_000)}${end}"]`);
    const fitted = scopes.map(fitScope);
    for (const scope of fitted) {
      expect(scope).toHaveLength(scopeLengthMax);
      expect(scope.startsWith(`${instance}/["k`)).toBe(true);
      expect(scope).toMatch(/k~[\da-f]{16}$/);
    }
    expect(new Set(fitted).size).toBe(scopes.length);
    expect(fitted.map(fitScope)).toEqual(fitted);
    expect(scopes.map(fitScope)).toEqual(fitted);
  });

  it('is never cut through a letter of two halves', () => {
    for (const before of ['', '.']) expect(fitScope(`${before}${'\u{1F600}'.repeat(200)}`).isWellFormed()).toBe(true);
  });
});
