export type { Deed } from './profile.ts';
export type { Product, RunService } from './product.ts';
export { simulate, type Run, type SimulateOptions } from './simulate.ts';
