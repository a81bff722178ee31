import { crc32c } from '../crc32c.ts';

const checksumAt = 17;
const checkedFrom = 21;

/** A record batch that a spec has changed, with the checksum that belongs to it now. */
export const resealed = (batch: Buffer): Buffer => {
  batch.writeUInt32BE(crc32c(batch, checkedFrom), checksumAt);
  return batch;
};
