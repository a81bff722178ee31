import { createHash } from 'node:crypto';

/*
 * Names that are free under every collation. The phase that chooses names compares them without case and in one Unicode form; a collation of
 * SQL Server may call more of them equal (ß and ss, é and e, カ and か), and a table with both columns is then refused.
 */

const nameLengthMax = 128;
const hashLength = 8;

/** What collations that expand letters make of them. */
const expansions: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['þ', 'th'],
  ['ĳ', 'ij'],
  ['ﬀ', 'ff'],
  ['ø', 'o'],
  ['đ', 'd'],
  ['ł', 'l'],
  ['ı', 'i'],
]);

/** Hiragana as Katakana: collations without _KS call them equal. */
const toKatakana = (letter: string): string => {
  const code = letter.codePointAt(0) ?? 0;
  return code >= 0x3041 && code <= 0x3096 ? String.fromCodePoint(code + 0x60) : letter;
};

/** Two names that differ after this differ under every Windows and SQL collation, with case and accents or without. */
export const collationKey = (name: string): string =>
  [
    ...name
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/[\p{M}\p{C}]/gu, ''),
  ]
    .map((letter) => expansions.get(letter) ?? toKatakana(letter))
    .join('')
    .trimEnd();

const hashOf = (text: string): string => createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, hashLength);

/** Never leaves half of a surrogate pair at the end. */
const cut = (text: string, length: number): string => {
  const head = text.slice(0, length);
  return /[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head;
};

/** A name within the limit: cut, with a hash of the whole where it was too long. */
export const fitNames = (name: string): string =>
  name.length <= nameLengthMax ? name : `${cut(name, nameLengthMax - hashLength - 1)}_${hashOf(name)}`;

/**
 * @param taken - collation keys in use
 * @param identity - what the name is for, so that equal things get equal names
 * @returns the name itself when it is free, else cut and with a hash of what it stands for
 */
export const freeUnderCollations = (name: string, taken: ReadonlySet<string>, identity: string): string => {
  if (name.length <= nameLengthMax && !taken.has(collationKey(name))) return name;
  for (let attempt = 0; ; attempt += 1) {
    const candidate = `${cut(name, nameLengthMax - hashLength - 1)}_${hashOf(`${attempt} ${identity}`)}`;
    if (!taken.has(collationKey(candidate))) return candidate;
  }
};
