const lineFeed = 0x0a;

/** A line that is longer than a message may be. */
export class LineTooLongError extends Error {
  /** Counts from 1. */
  readonly line: number;
  constructor(line: number, bytesMax: number) {
    super(`line ${line} is longer than ${bytesMax.toLocaleString('en-US')} bytes, the most that a message may have`);
    this.name = 'LineTooLongError';
    this.line = line;
  }
}

/**
 * The lines of a stream of bytes, exactly as they are: what stands between two line feeds, be it JSON, UTF-8 or neither. Each item holds the
 * lines that one chunk completed, so that a live stream is handed on as it comes; a last line without line feed counts.
 * Holds at most one chunk and one unfinished line.
 * @throws LineTooLongError for a line over `bytesMax`; what stood before it has been handed out
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<readonly Uint8Array[]> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let count = 0;
  for await (const chunk of chunks) {
    const lines: Uint8Array[] = [];
    let tooLong = false;
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0 && !tooLong; end = chunk.indexOf(lineFeed, start)) {
      tooLong = pendingBytes + end - start > bytesMax;
      if (tooLong) break;
      const piece = chunk.subarray(start, end);
      lines.push(pending.length === 0 ? piece : Buffer.concat([...pending, piece]));
      pending = [];
      pendingBytes = 0;
      start = end + 1;
    }
    count += lines.length;
    if (lines.length > 0) yield lines;
    if (!tooLong && start < chunk.length) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
    }
    if (tooLong || pendingBytes > bytesMax) throw new LineTooLongError(count + 1, bytesMax);
  }
  if (pendingBytes > 0) yield [Buffer.concat(pending)];
}
