export * from './local-transport.ts';
