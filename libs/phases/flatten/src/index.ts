export * from './flatten-phase.ts';
export { unflatten } from './unflatten.ts';
