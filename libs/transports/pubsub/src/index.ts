export * from './pubsub-transport.ts';
export * from './connection-options.ts';
