export type { Product, RunService } from './product.ts';
export { deeds, type Deed } from './profile.ts';
export { simulate, type Run, type SimulateOptions } from './simulate.ts';
