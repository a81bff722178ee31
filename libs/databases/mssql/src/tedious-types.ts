import type { TYPES } from 'tedious';

/** tedious does not export the type of its data types. */
export type DataType = (typeof TYPES)[keyof typeof TYPES];
