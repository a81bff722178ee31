export * from './fake-clock.ts';
export * from './real-clock.ts';
export * from './transport-contract.ts';
export type { TransportHarness } from './transport-harness.ts';
export { startFleet } from './fleet/fleet.ts';
export * from './warehouse-contract.ts';
export { shopDefinitions, shopStream, type ShopExpectation, type ShopMessage } from './fleet/shop-stream.ts';
export * from './metadata-store-contract.ts';
