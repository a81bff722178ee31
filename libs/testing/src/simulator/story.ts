import { hash32 } from '@dsf/messages';

/** Who did what, and when: kept to be read when a run goes wrong, and to tell whether two runs were the same. */
export interface Story {
  tell(ms: number, who: string, what: string): void;
  /** The last lines, oldest first. */
  lines(): readonly string[];
  /** Follows from every line that was ever told. */
  digest(): string;
}

/** @param linesMax - lines that are kept; all of them go into the digest */
export const createStory = (linesMax: number): Story => {
  let lines: string[] = [];
  let [digest, count] = [0, 0];
  return {
    tell(ms, who, what) {
      const line = `${String(ms).padStart(7)} ms  ${who.padEnd(14)} ${what}`;
      digest = Math.imul(digest ^ hash32(line), 0x01000193) >>> 0;
      count += 1;
      lines.push(line);
      if (lines.length >= 2 * linesMax) lines = lines.slice(-linesMax);
    },
    lines: () => lines.slice(-linesMax),
    digest: () => `${count}-${digest.toString(16).padStart(8, '0')}`,
  };
};
