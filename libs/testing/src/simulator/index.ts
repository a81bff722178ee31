export type { Product, RunService, SimulatedContext } from './product.ts';
export { simulate, type Run, type SimulateOptions } from './simulate.ts';
