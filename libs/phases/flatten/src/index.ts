export type { FlattenRefusal } from './apply.ts';
export * from './flatten-phase.ts';
export type { FlattenPlan } from './plan.ts';
export { cellValue, readPath } from './read-path.ts';
export { unflatten } from './unflatten.ts';
export type { Unflattened } from './unflatten.ts';
