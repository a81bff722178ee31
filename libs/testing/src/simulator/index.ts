export type { Product } from './product.ts';
export { simulate, type Run } from './simulate.ts';
