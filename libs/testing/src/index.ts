export * from './fake-clock.ts';
export * from './real-clock.ts';
export * from './transport-contract.ts';
export type { RemoteOpen, TransportHarness } from './transport-harness.ts';
