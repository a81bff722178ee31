export * from './pubsub-transport.ts';
export * from './pubsub-ends.ts';
export * from './connection-options.ts';
