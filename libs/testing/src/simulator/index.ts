export type { Product, RunService } from './product.ts';
export { simulate, type Run } from './simulate.ts';
