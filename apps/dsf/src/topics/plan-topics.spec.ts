import type { TopicShape } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { planLines, planTopic, wantedShape } from './plan-topics.ts';

const wanted = wantedShape({ lanes: 8, replication: 3, retentionMs: 7 * 86_400_000 });
const linesFor = (is: TopicShape | null): readonly string[] => planLines(planTopic('dsf.raw', is, wanted), 'shop.dsf.raw');

describe('the plan of an internal topic', () => {
  it('makes one that is missing, with as many partitions as there are lanes', () => {
    expect(linesFor(null)).toEqual(['+ shop.dsf.raw  partitions 8, replication 3, retention 7 days, messages up to 8 MiB']);
  });

  it('leaves replication to the cluster when nobody says', () => {
    expect(planLines(planTopic('dsf.raw', null, { ...wanted, replication: null }), 'dsf.raw')[0]).toContain(
      'replication as the cluster has it',
    );
    expect(planTopic('dsf.raw', { ...wanted, replication: 1 }, { ...wanted, replication: null }).byHand).toEqual([]);
  });

  it('does nothing where everything is as it should be', () => {
    expect(linesFor(wanted)).toEqual(['= shop.dsf.raw']);
  });

  it('adds partitions, and calls those beyond the lanes unused', () => {
    expect(linesFor({ ...wanted, partitions: 2 })).toEqual(['~ shop.dsf.raw  partitions 2 → 8']);
    expect(linesFor({ ...wanted, partitions: 10 })).toEqual(['= shop.dsf.raw (2 partitions more than lanes: unused)']);
  });

  it('mends what would lose or keep too much: compaction, retention, the size of messages', () => {
    expect(linesFor({ ...wanted, cleanup: 'compact', retentionMs: null, messageBytesMax: 1_048_588 })).toEqual([
      '~ shop.dsf.raw  retention for ever → 7 days, cleanup compact → time, largest message 1048588 bytes → 8 MiB',
    ]);
    expect(linesFor({ ...wanted, retentionMs: 90 * 60_000 })).toEqual(['~ shop.dsf.raw  retention 90 minutes → 7 days']);
  });

  it('says in its own words what a system has besides partitions', () => {
    const fit = { ...wanted, partitions: Number.POSITIVE_INFINITY, replication: null, details: { region: 'europe-west1' } };
    expect(planLines(planTopic('dsf.raw', null, fit), 'dsf.raw')).toEqual(['+ dsf.raw  retention 7 days, region: europe-west1']);
    expect(planLines(planTopic('dsf.raw', fit, fit), 'dsf.raw')).toEqual(['= dsf.raw']);
    expect(planLines(planTopic('dsf.raw', { ...fit, details: { region: 'us-east1' } }, fit), 'dsf.raw')).toEqual([
      '~ dsf.raw  region us-east1 → europe-west1',
    ]);
  });

  it('leaves copies to a person', () => {
    expect(linesFor({ ...wanted, replication: 1 })).toEqual([
      '= shop.dsf.raw',
      '! shop.dsf.raw  replication is 1, should be 3: copies are moved with kafka-reassign-partitions.sh',
    ]);
  });
});
