export * from './broker-time.ts';
export * from './codec.ts';
export * from './coordinates.ts';
export * from './lane.ts';
export * from './range.ts';
export * from './value.ts';
