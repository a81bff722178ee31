export type { Deed } from './profile.ts';
export type { Product, RunService } from './product.ts';
export { simulate, type Run } from './simulate.ts';
