import { LosslessNumber, parse } from 'lossless-json';
import type { Json } from './json.ts';
import { canonicalNumber, numberText } from './number-text.ts';

export type ParseRefusal = 'flatten.empty' | 'flatten.not-utf8' | 'flatten.too-deep' | 'flatten.not-json';
export type Parsed =
  { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly code: ParseRefusal; readonly detail: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What `JSON.parse` gives where that is exact, so that a number does not depend on its neighbours; else the canonical text. */
const parseNumber = (text: string): number | LosslessNumber => {
  const value = Number(text);
  if (String(value) === text) return value;
  const canonical = canonicalNumber(text);
  return Number.isFinite(value) && numberText(value) === canonical ? value : new LosslessNumber(canonical);
};

/**
 * JSON text with every number exact; of several members of one name the last counts, as with `JSON.parse`.
 * @param text - not deeper than the stack, about 4,000 levels
 * @throws SyntaxError
 */
export const parseLossless = (text: string): Json =>
  parse(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue }) as Json;

const letterE = 0x65;
const minus = 0x2d;
const plus = 0x2b;
const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** What one look at the bytes tells, with no regard to what is a string: enough to spare most messages the closer checks. */
interface Signs {
  /** `{` and `[`: nothing can lie deeper than there are of them. */
  readonly openings: number;
  /** `JSON.parse` would round a number, or so it seems. */
  readonly mayRound: boolean;
}

const isDigitOrPoint = (byte: number): boolean => (byte >= 0x30 && byte <= 0x39) || byte === 0x2e;

/** Fifteen digits always survive as a double; with the point that is 16 bytes. Latitudes have 17 and mostly survive too. */
const safeRun = 16;

const signsOf = (payload: Uint8Array): Signs => {
  let openings = 0;
  let mayRound = false;
  let run = 0;
  const { length } = payload;
  for (let index = 0; index < length; index += 1) {
    const byte = payload[index] ?? 0;
    if (byte <= 0x39 && (byte >= 0x30 || byte === 0x2e)) {
      run += 1;
    } else {
      // `[` and `{`, as `E` and `e`, differ in the bit 0x20 alone.
      const letter = byte | 0x20;
      if (letter === openBrace) openings += 1;
      if (run !== 0) {
        if ((run >= safeRun || letter === letterE) && !mayRound) mayRound = isRounded(payload, index - run);
        run = 0;
      }
    }
  }
  // A number at the very end is the whole message.
  if (run >= safeRun && !mayRound) mayRound = isRounded(payload, length - run);
  return { openings, mayRound };
};

/** True when a number can stand after this byte: at the start, after white space, `:`, `,` or `[`. */
const canPrecedeNumber = (byte: number | undefined): boolean =>
  byte === undefined || byte <= 0x20 || byte === 0x3a || byte === 0x2c || byte === openBracket;

/** @param first - of the number's digits. A double that is written as the message wrote it is exactly that number. */
const isRounded = (payload: Uint8Array, first: number): boolean => {
  const start = payload[first - 1] === minus ? first - 1 : first;
  if (!canPrecedeNumber(payload[start - 1])) return false;
  let token = '';
  for (let index = start; index < payload.length; index += 1) {
    const byte = payload[index] ?? 0;
    if (!isDigitOrPoint(byte) && (byte | 0x20) !== letterE && byte !== minus && byte !== plus) break;
    token += String.fromCharCode(byte);
  }
  return String(Number(token)) !== token;
};

/** A list or object inside a list or object is one deeper. Counts without recursion, and stops at the first that is too deep. */
const isDeeperThan = (text: string, depthMax: number): boolean => {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      index = endOfString(text, index);
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
      if (depth > depthMax) return true;
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
    }
  }
  return false;
};

/** Index of the quote that ends the string which starts at `start`; the text's end when there is none. */
const endOfString = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
};

/** What is wrong and where. The exact parser's words are used, because those of V8 often quote the payload and leave out the place. */
const notJson = (text: string): Parsed => {
  if (text.trim() === '') return { ok: false, code: 'flatten.empty', detail: 'the message is empty' };
  const words = wordsOfError(text);
  const [, reason = words, position] = /^(.*) at position (\d+)$/s.exec(words) ?? [];
  const detail = position === undefined ? `not JSON: ${reason}` : `not JSON at character ${position} (counted from 0): ${reason}`;
  return { ok: false, code: 'flatten.not-json', detail };
};

const wordsOfError = (text: string): string => {
  try {
    parseLossless(text);
    return 'it does not parse';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/**
 * A payload as a value with exact numbers. Depth is checked before anything descends, so that no message can overflow the stack.
 * @param depthMax - lists and objects within each other, at most
 */
export const parseExact = (payload: Uint8Array, depthMax: number): Parsed => {
  if (payload.length === 0) return { ok: false, code: 'flatten.empty', detail: 'the message is empty' };
  let text: string;
  try {
    text = utf8.decode(payload);
  } catch {
    return { ok: false, code: 'flatten.not-utf8', detail: 'the message is not UTF-8 text' };
  }
  const signs = signsOf(payload);
  if (signs.openings > depthMax && isDeeperThan(text, depthMax)) {
    return { ok: false, code: 'flatten.too-deep', detail: `lists and objects lie more than ${depthMax} deep (depth_max of the source)` };
  }
  try {
    return { ok: true, value: signs.mayRound ? parseLossless(text) : (JSON.parse(text) as Json) };
  } catch (error) {
    if (error instanceof SyntaxError) return notJson(text);
    throw error;
  }
};
