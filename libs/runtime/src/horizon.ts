import { sourcePartitionKey, type SourcePartition } from '@dsf/messages';
import type { LaneState, PurgedRows } from '@dsf/ports';

/*
 * Horizons (delivery rule 11): offsets below which rows are gone, or may be at any moment. They are facts of lanes: in the flatten lane of the source
 * partition for its raw and flat rows, and in each summarise lane for the flat rows that it no longer reads.
 */

type Facts = LaneState['facts'];
type HorizonKind = PurgedRows | 'wanted' | 'folds';

const factName = (kind: HorizonKind, at: SourcePartition): string => `horizon:${kind}:${sourcePartitionKey(at)}`;

/** 0 when nothing was ever purged. `wanted`: what the summarise lanes were asked to let go; `folds`: what a summarise lane has let go. */
export const horizonOf = (facts: Facts, kind: HorizonKind, at: SourcePartition): number => Number(facts[factName(kind, at)] ?? 0);

export const withHorizon = (facts: Facts, kind: HorizonKind, at: SourcePartition & { readonly below: number }): Facts => ({
  ...facts,
  [factName(kind, at)]: at.below,
});

/** Whether anything was ever purged that the lane knows of. */
export const hasHorizon = (facts: Facts): boolean => Object.keys(facts).some((name) => name.startsWith('horizon:'));
