import type { OnReadOpts } from 'node:net';
import Connection from 'kafkajs/src/network/connection.js';

/*
 * kafkajs 2.2.4 keeps the pieces in which an answer arrives and then copies them into one, so every byte is allocated twice, and what was
 * fetched is most of what the garbage collector has to deal with. Here the socket reads into memory that it uses again, and each answer is copied from
 * there into memory of its own, once. (To let the socket read straight into the answer's memory was no faster.)
 */

/** What one call of the socket reads at most. */
const readBytes = 65_536;
/** Before each answer stands its length (kafka.apache.org/protocol#protocol_common). */
const lengthBytes = 4;
/** No answer that we ask for is larger; one that says so is none of Kafka's, and gets no memory before it is there. */
const answerBytesMax = 256 * 1024 * 1024;

/** @param emit - is handed each answer with its length before it; what cannot be one, in pieces as they come */
export const gatherAnswers = (emit: (bytes: Buffer) => void): ((piece: Buffer) => void) => {
  const length = Buffer.alloc(lengthBytes);
  let lengthFilled = 0;
  let answer: Buffer | null = null;
  let filled = 0;
  let isForeign = false;

  /** @returns bytes of the piece that were used */
  const readLength = (piece: Buffer): number => {
    const used = piece.copy(length, lengthFilled);
    lengthFilled += used;
    if (lengthFilled < lengthBytes) return used;
    lengthFilled = 0;
    const bytes = length.readInt32BE();
    if (bytes < 0 || bytes > answerBytesMax) {
      isForeign = true;
      emit(Buffer.from(length));
      return used;
    }
    answer = Buffer.allocUnsafe(lengthBytes + bytes);
    filled = length.copy(answer);
    return used;
  };
  const readAnswer = (into: Buffer, piece: Buffer): number => {
    const used = piece.copy(into, filled);
    filled += used;
    return used;
  };
  return (piece) => {
    for (let at = 0; at < piece.length;) {
      const rest = piece.subarray(at);
      if (isForeign) {
        emit(Buffer.from(rest));
        return;
      }
      at += answer === null ? readLength(rest) : readAnswer(answer, rest);
      if (answer === null || filled < answer.length) continue;
      const whole = answer;
      answer = null;
      emit(whole);
    }
  };
};

/** For a socket's options. @param emit - as of `gatherAnswers` */
export const readAnswers = (emit: (bytes: Buffer) => void): OnReadOpts => {
  const gather = gatherAnswers(emit);
  return {
    buffer: Buffer.allocUnsafeSlow(readBytes),
    callback: (bytes, memory) => {
      gather(Buffer.from(memory.buffer, memory.byteOffset, bytes));
      return true;
    },
  };
};

/** kafkajs keeps what is left of the piece before, also when nothing is, and then copies a whole answer to join it to nothing. */
export const takeWholeAnswers = (): void => {
  const take = Connection.prototype.processData;
  Connection.prototype.processData = function takeWhole(data) {
    if (this.bytesBuffered === 0) this.chunks.length = 0;
    take.call(this, data);
  };
};
