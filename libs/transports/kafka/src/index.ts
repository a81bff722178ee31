export * from './kafka-transport.ts';
export * from './connection-options.ts';
