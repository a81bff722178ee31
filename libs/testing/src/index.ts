export * from './fake-clock.ts';
export * from './real-clock.ts';
