export * from './catalog.ts';
export * from './definitions.ts';
export * from './expression-types.ts';
export * from './path.ts';
export * from './problem.ts';
export * from './expression.ts';
