/** Castagnoli's polynomial, reflected; Kafka covers its record batches with it (node:zlib has only the other CRC-32). */
const polynomial = 0x82f63b78;

const slices = 4;

const next = (crc: number, table: Int32Array): number => (crc >>> 8) ^ (table[crc & 0xff] ?? 0);

/** Four tables, so that four bytes are taken at once: each is the one before, a zero byte later. */
const makeTables = (): readonly Int32Array[] => {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
  const tables = [first];
  for (let slice = 1; slice < slices; slice += 1) tables.push((tables[slice - 1] ?? first).map((crc) => next(crc, first)));
  return tables;
};

const [one = new Int32Array(256), two = one, three = one, four = one] = makeTables();

/** CRC-32C of bytes from `start` on, unsigned. */
export const crc32c = (bytes: Uint8Array, start: number): number => {
  let crc = -1;
  let at = start;
  for (const end = bytes.length - slices; at <= end; at += slices) {
    crc ^= (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    crc = (four[crc & 0xff] ?? 0) ^ (three[(crc >>> 8) & 0xff] ?? 0) ^ (two[(crc >>> 16) & 0xff] ?? 0) ^ (one[crc >>> 24] ?? 0);
  }
  for (; at < bytes.length; at += 1) crc = (one[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
};
