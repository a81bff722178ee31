const encoder = new TextEncoder();

const sharedBytes = 65_536;
/** A UTF-16 unit takes three bytes at most. */
const bytesPerUnitMax = 3;

let shared = new Uint8Array(sharedBytes);
let used = 0;

/**
 * A text in UTF-8. Short ones are parts of one piece of memory, of which nothing is written twice: memory of its own for each of a document's
 * texts costs more than all else that is done for it.
 */
export const utf8 = (text: string): Uint8Array => {
  const most = text.length * bytesPerUnitMax;
  if (most > sharedBytes / 8) return encoder.encode(text);
  if (used + most > sharedBytes) [shared, used] = [new Uint8Array(sharedBytes), 0];
  const start = used;
  used += encoder.encodeInto(text, shared.subarray(start)).written;
  return shared.subarray(start, used);
};
