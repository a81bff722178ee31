import { edit, type Mutation } from './mutation.ts';

/** Guards of corrections: replays, and the requests that follow them. */
export const correctionMutations: Readonly<Record<string, Mutation>> = {
  'verdict-of-version': {
    guard: 'a record is given up by the version that it failed by (rule 4)',
    edits: [edit('attempts.ts', 'seq !== stoodAt || version !== decidedBy', 'seq !== stoodAt')],
    seeds: 600,
    deeds: ['change'],
  },
  'request-waits': {
    guard: 'a recompute waits until the lane has had the record (rule 8)',
    edits: [edit('summarise/chores.ts', '(lane.position(after)?.next ?? 0) > after.offset;', '(lane.position(after)?.next ?? 0) >= 0;')],
    seeds: 400,
    deeds: ['replay'],
  },
  'old-groups': {
    guard: 'a replay folds the groups of its old rows again (rule 8)',
    edits: [edit('flatten/replay.ts', '[...points.old, ...points.fresh]', '[...points.fresh]')],
    seeds: 400,
  },
  'new-groups': {
    guard: 'a replay folds the groups of its new rows (rule 8)',
    edits: [edit('flatten/replay.ts', '[...points.old, ...points.fresh]', '[...points.old]')],
    seeds: 400,
  },
  'replay-under-newest': {
    guard: 'a replay that a new version has overtaken is decided again (rule 8)',
    edits: [
      edit('flatten/replay.ts', 'if ((await catalogs.storedVersion()) !== catalog.version)', 'if ((await catalogs.storedVersion()) < 0)'),
    ],
    seeds: 3000,
    unnoticed:
      'the activation must fall between the answer to the replay and its commit; since gone instances are rebuilt, little is left of it',
  },
  'rebuild-of-gone': {
    guard: 'a replay has instances rebuilt that only older versions know (rule 8)',
    edits: [
      edit(
        'flatten/replay.ts',
        '...(await rebuildRequests(context, catalog, at))',
        '...(await rebuildRequests(context, catalog, at)).slice(0, 0)',
      ),
    ],
    seeds: 2000,
    deeds: ['change', 'replay'],
  },
  'request-cut': {
    guard: 'a correction folds the rows below the positions of the lane alone (rule 8)',
    edits: [edit('summarise/fold.ts', 'from, to: next }', 'from, to: Number.MAX_SAFE_INTEGER }')],
    seeds: 300,
  },
  'replay-waits': {
    guard: 'a replay waits for the first turn of the record (rule 8)',
    edits: [
      edit(
        'flatten/replay.ts',
        'if (position === undefined || position.next <= offset) continue;',
        'if (position === undefined) continue;',
      ),
    ],
    seeds: 300,
    deeds: ['replay'],
  },
};
