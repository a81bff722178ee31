import { InvalidArgumentError } from 'commander';

/** A whole number from 1. @throws InvalidArgumentError */
export const parseWhole = (text: string): number => {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number, at least 1.');
  return number;
};

/** A number of lanes, as the definitions take it. @throws InvalidArgumentError */
export const parseLanes = (text: string): number => {
  const lanes = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (!(lanes >= 1 && lanes <= 1024)) throw new InvalidArgumentError('It must be a whole number, 1 to 1024.');
  return lanes;
};

/** Threads; as many as the setting takes. @throws InvalidArgumentError */
export const parseWorkers = (text: string): number => {
  const workers = parseWhole(text);
  if (workers > 64) throw new InvalidArgumentError('It must be a whole number, 1 to 64.');
  return workers;
};

/** A port; 0 stands for any that is free. @throws InvalidArgumentError */
export const parsePort = (text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return port;
};
