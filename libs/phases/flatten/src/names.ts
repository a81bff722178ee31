import { hash32 } from '@dsf/messages';
import { memberOf } from '@dsf/metadata';

/*
 * Physical names. A name is made once, when its path is first seen; the path catalog keeps it. Quoting is the adapter's work, so that
 * `order` and `];DROP TABLE` are names like any other.
 */

export type NameStyle = 'snake' | 'exact';

const reserved = '_dsf_';
const hashLength = 8;
/** What a member is called of which no letter can stay. */
const nameless = 'field';

/** Two names that are equal after this are one name to some engine: case, Unicode form and trailing spaces do not count. */
export const foldName = (name: string): string => name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').trimEnd();

const snakeName = (member: string): string =>
  member
    .normalize('NFC')
    .replaceAll(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .replaceAll(/^[^\p{L}\p{N}_]+|[^\p{L}\p{M}\p{N}_]+$/gu, '')
    .replaceAll(/[^\p{L}\p{M}\p{N}_]+/gu, '_')
    .toLowerCase();

// Control characters and halves of surrogate pairs can stand in no name of any engine.
const exactName = (member: string): string => member.replaceAll(/[\p{Cc}\p{Cs}]/gu, '_');

/** The name that one escaped path segment asks for; never empty. */
export const segmentName = (segment: string, style: NameStyle): string => {
  const member = segment.startsWith('$') ? segment.slice(1) : memberOf(segment);
  const name = style === 'snake' ? snakeName(member) : exactName(member);
  return name.trim() === '' ? nameless : name;
};

/** Several segments as one name. */
export const joinedName = (segments: readonly string[], style: NameStyle): string =>
  segments.map((segment) => segmentName(segment, style)).join('__');

/** What a user chose, as far as an engine can take it. */
export const chosenName = (name: string): string => (exactName(name).trim() === '' ? nameless : exactName(name));

const hashText = (identity: string): string => hash32(identity).toString(16).padStart(hashLength, '0');

/** Never leaves half of a surrogate pair at the end. */
const cut = (text: string, length: number): string => {
  const head = text.slice(0, Math.max(length, 1));
  return /[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head;
};

export interface NameRequest {
  readonly wanted: string;
  /** Ending that always stays whole, such as `__n`; may be empty. */
  readonly ending: string;
  /** What the name is for; decides the hash where one is needed. */
  readonly identity: string;
  /** Names in use, folded. */
  readonly taken: ReadonlySet<string>;
  readonly lengthMax: number;
}

/** A name that nobody has: the one wanted if it is free, short enough and not reserved, else cut and with a hash of what it stands for. */
export const freeName = ({ wanted, ending, identity, taken, lengthMax }: NameRequest): string => {
  const base = foldName(wanted).startsWith(reserved) ? `x${wanted}` : wanted;
  const whole = `${base}${ending}`;
  if (whole.length <= lengthMax && !taken.has(foldName(whole))) return whole;
  for (let attempt = 0; ; attempt += 1) {
    const hash = hashText(attempt === 0 ? identity : `${identity}\n${attempt}`);
    const name = `${cut(base, lengthMax - ending.length - hashLength - 1)}_${hash}${ending}`;
    if (!taken.has(foldName(name))) return name;
  }
};
