export * from './fake-clock.ts';
export * from './real-clock.ts';
export * from './transport-contract.ts';
export type { RemoteOpen, TransportHarness } from './transport-harness.ts';
export { startFleet, type Fleet } from './fleet/fleet.ts';
export { seededRandom } from './fleet/seeded-random.ts';
export * from './warehouse-contract.ts';
export { shopDefinitions, shopStream, type ShopExpectation, type ShopMessage } from './fleet/shop-stream.ts';
export * from './metadata-store-contract.ts';
