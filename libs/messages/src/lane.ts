import type { SourcePartition } from './coordinates.ts';
import type { KeyPart } from './value.ts';

/** FNV-1a, 32 bit, over UTF-16 code units. Part of the data format: changing it moves groups between lanes. */
export const hash32 = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  // A last mix (murmur3's), because FNV's low bits follow the text's last character too closely for a small number of lanes.
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

/** The lane of dsf.raw that carries a source partition. */
export const rawLane = ({ source, partition }: SourcePartition, lanes: number): number => (source + partition) % lanes;

/** The lane of dsf.points that owns a group: from the driver's name and key, never the window, so that windows of a key stay together. */
export const groupLane = (driver: string, key: readonly KeyPart[], lanes: number): number =>
  hash32(`${driver}\n${JSON.stringify(key)}`) % lanes;
