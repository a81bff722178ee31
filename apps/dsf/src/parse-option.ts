import { InvalidArgumentError } from 'commander';

/** A whole number from 1. @throws InvalidArgumentError */
export const parseWhole = (text: string): number => {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number, at least 1.');
  return number;
};
