import { LosslessNumber, parse } from 'lossless-json';
import type { Json } from './json.ts';

export type ParseRefusal = 'flatten.empty' | 'flatten.not-utf8' | 'flatten.too-deep' | 'flatten.not-json';
export type Parsed =
  { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly code: ParseRefusal; readonly detail: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Numbers that a double may not hold: 16 and more characters, or an exponent, where a number can stand. Text within strings may match
 * too; that costs time, never exactness.
 */
const riskyNumber = /(?:^|[:,[\s])(-?\d(?:[\d.]{15,}|[\d.]*[eE])[\d.eE+-]*)/g;

/** True when `JSON.parse` gives every number exactly: a double that is written as the message wrote it stands for that number. */
const isPlain = (text: string): boolean => {
  riskyNumber.lastIndex = 0;
  for (let match = riskyNumber.exec(text); match !== null; match = riskyNumber.exec(text)) {
    if (String(Number(match[1])) !== match[1]) {
      riskyNumber.lastIndex = 0;
      return false;
    }
  }
  return true;
};

const parseNumber = (text: string): number | LosslessNumber => {
  const value = Number(text);
  return String(value) === text ? value : new LosslessNumber(text);
};

// As JSON.parse does: the last of several members of one name counts.
const parseLossless = (text: string): Json => parse(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue }) as Json;

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

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
  // Each level takes two brackets, so a short message cannot be too deep.
  if (text.length > 2 * depthMax && isDeeperThan(text, depthMax)) {
    return { ok: false, code: 'flatten.too-deep', detail: `lists and objects lie more than ${depthMax} deep (depth_max of the source)` };
  }
  try {
    return { ok: true, value: isPlain(text) ? (JSON.parse(text) as Json) : parseLossless(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return notJson(text);
    throw error;
  }
};
